#!/bin/sh
# Called by mmdebstrap with the machine's root. NODE_TAR, NODE_IMAGE: the nodes' image and its name; PUBLIC_KEY: who may log in.
set -eu
root=$1
here=$(dirname "$(readlink -f "$0")")

cp -rT --no-preserve=ownership "$here/root" "$root"
chroot "$root" update-initramfs -u

install -d -m 700 "$root/root/.ssh"
echo "$PUBLIC_KEY" > "$root/root/.ssh/authorized_keys"
echo lab-machine > "$root/etc/hostname"
echo "nameserver 10.0.2.3" > "$root/etc/resolv.conf"
echo "/dev/vda / ext4 noatime 0 1" > "$root/etc/fstab"
rm -f "$root"/etc/ssh/ssh_host_rsa_key* "$root"/etc/ssh/ssh_host_ecdsa_key*

chroot "$root" systemctl enable systemd-networkd ssh
for unit in systemd-networkd-wait-online.service systemd-timesyncd.service systemd-logind.service getty.target \
    apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer \
    podman-auto-update.timer podman-auto-update.service podman-restart.service logrotate.timer systemd-tmpfiles-clean.timer; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
done

# Here this takes seconds, inside an emulated machine a minute. podman unpacks in a chroot of its own: / must be a mount.
# shellcheck disable=SC2016 # the inner shell expands it
unshare --mount sh -euc '
    mount --rbind "$1" "$1"
    chroot "$1" podman import --quiet - "$NODE_IMAGE" < "$NODE_TAR"
' import "$root"
rm -rf "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/*
