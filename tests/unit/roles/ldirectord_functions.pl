# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# The functions of ldirectord as they are, without the part that reads its arguments and runs.
use strict;
use warnings;

# Load them from the program. Those that would touch the host, or ask a real server, do nothing: `silenced` are more of these.
sub load_ldirectord {
    my ($program, @silenced) = @_;
    # Only the checks of real servers use these modules.
    $INC{"$_.pm"} = 'left out' for qw(LWP/UserAgent LWP/Debug Net/HTTP URI IO/Socket/INET6 Mail/Send);
    open(my $source, '<', $program) or die "$program: $!\n";
    my $text = do { local $/; <$source> };
    $text =~ s/^# command line options\n.*?^# functions\n/my \$opt_d = '';\n/ms or die "$program: no main code found\n";
    @ARGV = ();
    no strict;
    no warnings;
    eval "$text\n1" or die $@;
    *{"main::$_"} = sub { 0 } for (qw(ld_log ld_openlog ld_rm_file), @silenced);
}

1;
