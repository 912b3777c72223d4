#!/bin/sh
# No VIP at all: firewalld redirects what is sent to it.
set -eu
apt-get install --yes --no-install-recommends firewalld
# The bus has not heard yet who may ask firewalld's questions.
systemctl reload dbus
systemctl enable --now firewalld
firewall-cmd --permanent --add-port=80/tcp
firewall-cmd --permanent --direct --add-rule ipv4 nat PREROUTING 0 -d "$ADDRESS" -j REDIRECT
firewall-cmd --permanent --direct --add-rule ipv4 nat PREROUTING 0 -d 172.28.0.100 -j REDIRECT
firewall-cmd --reload
