#!/bin/sh
# Called by mmdebstrap with the node's root. SUITE: Debian's release; INSTALL: a list of packages to install besides;
# NODE_TREE, NODE_IMAGE: the bare node's tar file and its name in podman, where this node carries it.
set -eu
root=$1
here=$(dirname "$(readlink -f "$0")")
archive=/srv/packages

packages() { sed 's/#.*//' "$here/$1.txt"; }

cp -rT --no-preserve=ownership "$here/root" "$root"

# Nothing that changes a node in the middle of a test, and no login by a screen that is not there.
for unit in getty.target systemd-timesyncd.service apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer \
    e2scrub_all.timer fstrim.timer logrotate.timer man-db.timer systemd-tmpfiles-clean.timer; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

mkdir -p "$root$archive/partial"
# shellcheck disable=SC2046
chroot "$root" apt-get install --yes --download-only --no-install-recommends \
    -o Dir::Cache::archives="$archive" $(packages archive)
rm -rf "${root:?}$archive/partial" "${root:?}$archive/lock"
if [ -n "$INSTALL" ]; then
    # shellcheck disable=SC2046
    chroot "$root" apt-get install --yes --no-install-recommends $(packages "$INSTALL")
    # Installed, but not started at boot: that is for the roles to say.
    for unit in apache2 dnsmasq firewalld haproxy heartbeat ipvsadm keepalived ldirectord nftables; do
        chroot "$root" systemctl --quiet disable "$unit" 2>/dev/null || true
    done
fi
# With a Release file apt reads the one index there is instead of trying every compression.
(cd "$root$archive" && apt-ftparchive packages . > Packages && apt-ftparchive release . > ../Release && mv ../Release .)

# Debian's own archive stays one edit away (Enabled: yes) for what is not in the node's.
rm -f "$root/etc/apt/sources.list" "$root"/etc/apt/sources.list.d/*
cat > "$root/etc/apt/sources.list.d/lab.sources" <<SOURCES
Types: deb
URIs: file:$archive
Suites: ./
Trusted: yes
SOURCES
cat > "$root/etc/apt/sources.list.d/debian.sources" <<SOURCES
Enabled: no
Types: deb
URIs: http://deb.debian.org/debian
Suites: $SUITE $SUITE-updates
Components: main
SOURCES
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*
mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial"
chroot "$root" apt-get update
chroot "$root" apt-cache gencaches

: > "$root/etc/machine-id"
rm -f "$root/etc/resolv.conf" "$root/etc/hostname"
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/*

# Here it takes seconds, in a node more than a minute. podman unpacks in a chroot of its own: / must be a mount.
if [ "$INSTALL" = podman ]; then
    # shellcheck disable=SC2016 # the inner shell expands it
    unshare --mount sh -euc '
        mount --rbind "$1" "$1"
        chroot "$1" podman import --quiet - "$NODE_IMAGE" < "$NODE_TREE"
    ' import "$root"
fi
