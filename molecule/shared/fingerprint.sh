#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What a host is made of, as far as the roles could change it: one line a thing, sorted, so that
# two fingerprints can be compared. Caches, backups that packages leave behind, what the container engine writes and
# firewalld's file of direct rules, which it keeps without any, do not count.
export LC_ALL=C
{
    dpkg-query --show --showformat='package ${Package} ${db:Status-Abbrev}\n'
    find /etc /usr/local /var/www /var/lib/lvs-cluster -xdev \( -type f -o -type l \) \
        ! -path /etc/mtab ! -path /etc/hosts ! -path /etc/hostname ! -path /etc/resolv.conf \
        ! -path /etc/ld.so.cache ! -path '/etc/*-' ! -path '/etc/ssl/certs/*' ! -path /etc/.pwd.lock \
        ! -name '*.old' ! -path /etc/firewalld/direct.xml \
        -exec cksum {} + 2>/dev/null | awk '{ print "file", $3, $1 }'
    sysctl net.ipv4.ip_forward net.ipv4.conf.all net.ipv4.vs 2>/dev/null | sed 's/^/sysctl /'
    ip -o address show | awk '{ print "address", $4, $3 == "inet" ? "" : "ipv6" }'
    # What is enabled or masked, by its links: systemd itself needs minutes for the answer on an emulated node.
    find /etc/systemd /etc/rc?.d -type l -printf 'link %p %l\n'
    sed 's/^/table /' /proc/net/ip_vs
} | sort
