#!/bin/sh
# Two directors with VRRP whose services nobody serves: keepalived skips the words that it does not know.
set -eu
case $NAME in
lvs1) who=alert state=MASTER priority=101 ;;
*) who=admin state=BACKUP priority=100 ;;
esac
real_servers() {
    for address in 172.28.0.21 172.28.0.22; do
        cat << SERVER
real_server $address 80 {
weight 1
inhibit_on_failure
HTTP_GET {
url {
path /
status_code 200
}
connect_timeout 3
nb_get_retry 3
delay_before_retry 3
}
}
SERVER
    done
}
# The lab has no name server, and keepalived does not start without the mail server's address.
echo "172.28.0.31 mail.example.com" >> /etc/hosts
cat > /etc/keepalived/keepalived.conf << CONF
; What both directors have
global_defs {
notification_email {
$who@example.com
}
notification_email_from $NAME@example.com
smtp_server mail.example.com
smtp_connect_timeout 30
router_id $NAME.example.com
}

; The VIP
vrrp_instance VI_1 {
state $state
interface $DEVICE
virtual_router_id 1
priority $priority
nopreempt
advert_int 1
authentication {
auth_type PASS
auth_pass foo
}
virtual_ipaddress {
172.28.0.100/24 dev $DEVICE
}
}

; The service
virtusl_server 172.28.0.100 80 {
delay_loop 6
lvs_sched rr
lvs_method DR
persistence_timeout 50
protocol TCP
sorry_server 172.28.0.254 80
$(real_servers)
}
CONF
systemctl restart keepalived
