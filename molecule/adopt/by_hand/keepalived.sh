#!/bin/sh
# Two directors with VRRP, direct routing, a check by connection. The second one has a real server twice.
set -eu
case $NAME in
lvs1) state=MASTER priority=100 servers="172.28.0.21 172.28.0.22" ;;
*) state=BACKUP priority=50 servers="172.28.0.21 172.28.0.21 172.28.0.22" ;;
esac
real_servers() {
    for address in $servers; do
        cat << SERVER

    real_server $address 80 {
        weight 1
        TCP_CHECK {
            connect_timeout 3
            delay_before_retry 3
        }
    }
SERVER
    done
}
cat > /etc/keepalived/keepalived.conf << CONF
! Two directors, direct routing, a check by connection.

global_defs {
   notification_email {
        root@localhost
   }
   notification_email_from keepalived@localhost
   smtp_server 127.0.0.1
   smtp_connect_timeout 30
   router_id LVS_DEVEL
   vrrp_skip_check_adv_addr
   #vrrp_strict
   vrrp_garp_interval 0
   vrrp_gna_interval 0
}

vrrp_instance VI_1 {
    state $state
    interface $DEVICE
    virtual_router_id 51
    priority $priority
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass 1111
    }
    virtual_ipaddress {
        172.28.0.100
    }
}

virtual_server 172.28.0.100 80 {
    delay_loop 6
    lb_algo rr
    lb_kind DR
    #persistence_timeout 50
    protocol TCP
$(real_servers)
}
CONF
systemctl enable keepalived
systemctl restart keepalived
