#!/bin/sh
# One director with ldirectord alone, which has nobody to give it the VIP.
set -eu
ip address add 172.28.0.100/32 broadcast 172.28.0.100 dev "$DEVICE"
cat > /etc/ha.d/ldirectord.cf << CONF
checktimeout=3
checkinterval=1
autoreload=yes
quiescent=no
virtual=172.28.0.100:80
	real=172.28.0.21:80 gate 2
	real=172.28.0.22:80 gate 2
	service=http
	scheduler=wrr
	protocol=tcp
	checktype=negotiate
	checkport=80
	request="check.txt"
	receive="webserverisworking"
CONF
systemctl restart ldirectord
