#!/bin/sh
# The VIP on lo, which the kernel keeps silent about.
set -eu
sysctl -w net.ipv4.conf.all.arp_ignore=1 "net.ipv4.conf.$DEVICE.arp_ignore=1"
sysctl -w net.ipv4.conf.all.arp_announce=2 "net.ipv4.conf.$DEVICE.arp_announce=2"
ip address add 172.28.0.100/32 dev lo
