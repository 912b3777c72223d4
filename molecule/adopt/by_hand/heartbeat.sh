#!/bin/sh
# Two directors with heartbeat, which starts ldirectord, the sync daemon and the VIP on one of them. Debian has no resource
# script of the sync daemon, and ipfail in another folder than others.
set -eu
cat > /etc/ha.d/ldirectord.cf << CONF
checktimeout=30
checkinterval=2
autoreload=yes
logfile="/var/log/ldirectord.log"
quiescent=no
virtual=172.28.0.100:80
	fallback=127.0.0.1:80
	real=172.28.0.21:80 gate
	real=172.28.0.22:80 gate
	service=http
	request="/check.txt"
	httpmethod=GET
	receive="webserverisworking"
	persistent=100
	scheduler=lblc
	protocol=tcp
	checktype=negotiate
CONF
cat > /etc/ha.d/ha.cf << CONF
debugfile /var/log/ha-debug
logfile /var/log/ha-log
logfacility local0
keepalive 2
deadtime 10
bcast $DEVICE
mcast $DEVICE 225.0.0.1 694 1 0
auto_failback on
respawn hacluster /usr/libexec/heartbeat/ipfail
node lvs1
node lvs2
CONF
cat > /etc/ha.d/haresources << CONF
lvs1 ldirectord::ldirectord.cf LVSSyncDaemonSwap::master IPaddr2::172.28.0.100/24/$DEVICE/172.28.0.255
CONF
cat > /etc/ha.d/authkeys << CONF
auth 3
3 md5 somerandomstring
CONF
chmod 600 /etc/ha.d/authkeys
cat > /etc/ha.d/resource.d/LVSSyncDaemonSwap << SWAP
#!/bin/sh
case \$2 in
start) now=master before=backup ;;
stop) now=backup before=master ;;
*) ipvsadm -L --daemon | grep -q master && echo running || echo stopped; exit ;;
esac
ipvsadm --stop-daemon \$before 2> /dev/null
ipvsadm -L --daemon | grep -q \$now || ipvsadm --start-daemon \$now --mcast-interface $DEVICE
SWAP
chmod 755 /etc/ha.d/resource.d/LVSSyncDaemonSwap
modprobe ip_vs
systemctl disable --now ldirectord
systemctl enable --now heartbeat
