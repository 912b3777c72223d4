#!/bin/sh
# Direct routing by weights, typed: a reboot loses it.
set -eu
modprobe ip_vs
ip address add 172.28.0.100/24 dev "$DEVICE"
ipvsadm -A -t 172.28.0.100:80 -s wrr
ipvsadm -a -t 172.28.0.100:80 -r 172.28.0.21:80 -g -w 1
ipvsadm -a -t 172.28.0.100:80 -r 172.28.0.22:80 -g -w 1
