#!/bin/sh
# Two ports as one service by a firewall mark, so that a client meets the same real server with both.
set -eu
apt-get install --yes --no-install-recommends iptables
modprobe ip_vs
ip address add 172.28.0.100/24 dev "$DEVICE"
iptables -t mangle -A PREROUTING -d 172.28.0.100 -p tcp --dport 80 -j MARK --set-mark 99
iptables -t mangle -A PREROUTING -d 172.28.0.100 -p tcp --dport 443 -j MARK --set-mark 99
ipvsadm -A -f 99 -s rr -p
ipvsadm -a -f 99 -r 172.28.0.21 -g
ipvsadm -a -f 99 -r 172.28.0.22 -g
