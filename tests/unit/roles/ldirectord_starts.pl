# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Let ldirectord bring the table in line with a configuration, with the function that a start and a reload call, and no check.
# Usage: perl ldirectord_starts.pl LDIRECTORD CONFIGURATION IPVSADM
use strict;
use warnings;

my ($program, $configuration, $ipvsadm) = @ARGV;
# Only the checks of real servers use these modules.
$INC{"$_.pm"} = 'left out' for qw(LWP/UserAgent LWP/Debug Net/HTTP URI IO/Socket/INET6 Mail/Send);
open(my $source, '<', $program) or die "$program: $!\n";
my $text = do { local $/; <$source> };
$text =~ s/^# command line options\n.*?^# functions\n/my \$opt_d = '';\n/ms or die "$program: no main code found\n";
@ARGV = ();
{
    no strict;
    no warnings;
    eval "$text\n1" or die $@;
    *main::ld_log = *main::ld_openlog = *main::ld_rm_file = *main::_ld_main_check_all = sub { 0 };
}
our ($CONFIG, $DAEMON_STATUS, $DAEMON_STATUS_STARTING, $IPVSADM);
($CONFIG, $DAEMON_STATUS, $IPVSADM) = ($configuration, $DAEMON_STATUS_STARTING, $ipvsadm);
read_config();
ld_setup();
ld_start();
