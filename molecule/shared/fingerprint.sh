#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What a host is made of, as far as the roles could change it: one line a thing, sorted, so that two fingerprints can be
# compared. Not counted: who is logged in, caches, backups that packages leave behind, firewalld's file of direct rules, which it keeps
# without any, and the devices that come with the kernel's modules of tunnels as long as they are down.
export LC_ALL=C
{
    dpkg-query --show --showformat='package ${Package} ${db:Status-Abbrev}\n'
    find /etc /usr/local /var/www /var/lib/lvs-cluster -xdev \( -type f -o -type l \) \
        ! -path /etc/mtab ! -path /etc/hosts ! -path /etc/hostname ! -path /etc/resolv.conf \
        ! -path /etc/ld.so.cache ! -path '/etc/*-' ! -path '/etc/ssl/certs/*' ! -path /etc/.pwd.lock \
        ! -name '*.old' ! -path /etc/firewalld/direct.xml \
        -exec cksum {} + 2>/dev/null | awk '{ print "file", $3, $1 }'
    # What is enabled or masked is a link.
    find /etc/systemd /etc/rc?.d -type l -printf 'link %p %l\n'
    systemctl list-units --plain --no-legend --type=service --state=running | awk '!/^user@/ { print "runs", $1 }'
    ss -Hltun | awk '{ print "listens", $1, $5 }'

    sysctl -a 2>/dev/null |
        grep -E '^net\.ipv[46]\.(conf\.(all|default|lo|[a-z]+0)\.|ip_forward |ip_nonlocal_bind )' |
        grep -vE '\.(tunl|gre|gretap|erspan|sit|ip6tnl|ip6gre|ip6_vti|ip_vti)0\.|stable_secret' | sed 's/^/sysctl /'
    # Of a module that is not loaded there are none; a namespace that nobody has touched tells what they are by default, but
    # for the two that are others in the first namespace.
    untouched=$(unshare --net sysctl net.ipv4.vs 2>/dev/null)
    sysctl net.ipv4.vs 2>/dev/null | grep -v '_lfactor = ' | while read -r setting; do
        printf '%s\n' "$untouched" | grep -qxF "$setting" || echo "sysctl $setting"
    done

    ip -o address show | awk '{ print "address", $4, $3 == "inet" ? "" : "ipv6" }'
    ip -o link show up | awk '{ print "up", $2 }'
    for family in -4 -6; do
        ip "$family" rule show | sed "s/^/rule $family /"
        ip "$family" route show table all | grep -v 'table local' | sed "s/^/route $family /"
    done
    ip fou show 2>/dev/null | sed 's/^/decapsulates /'
    sed -n '4,$s/^/table /p' /proc/net/ip_vs 2>/dev/null
    cat /proc/[0-9]*/comm 2>/dev/null | sed -n 's/^ipvs-[mb]:/synchronises &/p'
    # Tables and chains that are empty filter nothing.
    nft list ruleset 2>/dev/null | grep -vE '^[[:space:]]*(table |chain |type |}|$)' | sed 's/^/filters /'
    for tool in iptables-legacy-save ip6tables-legacy-save; do
        $tool 2>/dev/null | grep '^-A' | sed "s/^/filters $tool /"
    done
    arptables-legacy -S 2>/dev/null | grep '^-A' | sed 's/^/filters arptables /'
} | sort
