#!/bin/sh
# Build a kernel for User Mode Linux in the current folder: ./linux and ./modules. No root is needed.
# Usage: build.sh CONFIGURATION SUITE MIRROR
set -eu
config=$1 suite=$2 mirror=$3

echo "# lists of Debian's suite $suite"
mkdir -p apt/lists/partial apt/archives/partial
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror $suite main" > apt/sources.list
apt() {
    command "$@" -o Dir::Etc::sourcelist="$PWD/apt/sources.list" -o Dir::Etc::sourceparts=/dev/null \
        -o Dir::State="$PWD/apt" -o Dir::Cache="$PWD/apt" -o APT::Sandbox::User="$(id -un)"
}
apt apt-get update -q
# Version 6.19 or later, for seccomp: https://docs.kernel.org/virt/uml/user_mode_linux_howto_v2.html
source=$(apt apt-cache search --names-only '^linux-source-[0-9.]+$' | awk '{ print $1 }' | sort -V | tail -n 1)
[ "$(printf '%s\n' linux-source-6.19 "$source" | sort -V | head -n 1)" = linux-source-6.19 ] || {
    echo "the newest kernel source of Debian's $suite is ${source:-missing}; 6.19 or later is needed" >&2
    exit 1
}
apt apt-get download -q "$source"

echo "# $source"
dpkg-deb --fsys-tarfile linux-source-*.deb | tar -xO "./usr/src/$source.tar.xz" | tar -xJ
rm -r linux-source-*.deb apt
cd linux-source-*
make ARCH=um KCONFIG_ALLCONFIG="$config" allnoconfig
# What a version does not know or lacks, it leaves out in silence.
lost=$(grep -E '^CONFIG_\w+=' "$config" | grep -vxFf .config || true)
[ -z "$lost" ] || {
    echo "$source cannot be configured with: $lost" >&2
    exit 1
}
echo "# building"
make ARCH=um -j"$(nproc)" linux modules
make ARCH=um INSTALL_MOD_PATH=../modules INSTALL_MOD_STRIP=1 modules_install
strip -o ../linux linux
make ARCH=um -s kernelrelease > ../release
cd ..
rm -rf linux-source-*
