#!/bin/sh
# The VIP on the interface of the network, which arptables keeps silent about.
set -eu
apt-get install --yes --no-install-recommends arptables
arptables -A INPUT -d 172.28.0.100 -j DROP
arptables -A OUTPUT -s 172.28.0.100 -j mangle --mangle-ip-s "$ADDRESS"
ip address add 172.28.0.100/32 dev "$DEVICE"
