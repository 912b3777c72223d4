#!/bin/sh
# NAT with weights. The clients' network is before the director, that of the real servers behind it.
set -eu
modprobe ip_vs
ip address add 172.28.0.100/24 dev "$DEVICE"
ipvsadm -A -t 172.28.0.100:80 -s wrr
ipvsadm -a -t 172.28.0.100:80 -r 172.28.2.21:80 -m -w 1
ipvsadm -a -t 172.28.0.100:80 -r 172.28.2.22:80 -m -w 1
echo net.ipv4.ip_forward=1 >> /etc/sysctl.conf
sysctl -p
