#!/bin/sh
# Called by mmdebstrap with the node's root: configuration, and the archive of packages that roles install.
set -eu
root=$1
here=$(dirname "$(readlink -f "$0")")
archive=/srv/packages

cp -rT --no-preserve=ownership "$here/root" "$root"

# Neither devices nor calendars are a container's business; the clock may jump when a snapshot is restored.
for unit in systemd-udevd.service systemd-udev-trigger.service systemd-udevd-control.socket systemd-udevd-kernel.socket \
    systemd-logind.service getty.target console-getty.service systemd-timesyncd.service \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
    logrotate.timer man-db.timer systemd-tmpfiles-clean.timer; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

# Every daemon-reload runs all of systemd's generators, half of its time. Here only those of init scripts find anything.
mkdir -p "$root/etc/systemd/system-generators"
for generator in "$root"/lib/systemd/system-generators/*; do
    [ "${generator##*/}" = systemd-sysv-generator ] ||
        ln -sf /dev/null "$root/etc/systemd/system-generators/${generator##*/}"
done

mkdir -p "$root$archive/partial"
# shellcheck disable=SC2046
chroot "$root" apt-get install --yes --download-only --no-install-recommends \
    -o Dir::Cache::archives="$archive" $(sed 's/#.*//' "$here/archive.txt")
rm -rf "${root:?}$archive/partial" "${root:?}$archive/lock"
# Unpacked here once, not in every emulated node again.
for package in "$root$archive"/*.deb; do
    unpacked=$(mktemp -d)
    dpkg-deb --raw-extract "$package" "$unpacked"
    dpkg-deb --build -Znone "$unpacked" "$package" >/dev/null
    rm -rf "$unpacked"
done
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
Suites: bookworm bookworm-updates
Components: main
SOURCES
rm -rf "$root"/var/lib/apt/lists/* "$root"/var/cache/apt/*
mkdir -p "$root/var/lib/apt/lists/partial" "$root/var/cache/apt/archives/partial"
chroot "$root" apt-get update
chroot "$root" apt-cache gencaches

: > "$root/etc/machine-id"
rm -f "$root/etc/resolv.conf" "$root/etc/hostname" "$root"/etc/ssh/ssh_host_rsa_key* "$root"/etc/ssh/ssh_host_ecdsa_key*
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/*
