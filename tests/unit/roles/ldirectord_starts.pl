# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Let ldirectord bring the table in line with a configuration, with the function that a start and a reload call, and no check.
# Usage: perl ldirectord_starts.pl LDIRECTORD CONFIGURATION IPVSADM
use strict;
use warnings;
use FindBin;
require "$FindBin::Bin/ldirectord_functions.pl";

my ($program, $configuration, $ipvsadm) = @ARGV;
load_ldirectord($program, '_ld_main_check_all');
our ($CONFIG, $DAEMON_STATUS, $DAEMON_STATUS_STARTING, $IPVSADM);
($CONFIG, $DAEMON_STATUS, $IPVSADM) = ($configuration, $DAEMON_STATUS_STARTING, $ipvsadm);
read_config();
ld_setup();
ld_start();
