#!/bin/sh
# A host of the inner network alone, whose way out is the director.
set -eu
ip link set "$DEVICE" down
ip route replace default via 172.28.2.11
