# Copyright (c) lvs.cluster contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Let ldirectord read many configurations in one process, with the function that "ldirectord FILE status" calls.
# Usage: perl ldirectord_reads.pl LDIRECTORD FOLDER
# Prints a line of JSON for each file: what ldirectord says, whether it refuses the file, and what it has read.
use strict;
use warnings;
use FindBin;
use JSON::PP;
require "$FindBin::Bin/ldirectord_functions.pl";

my ($program, $folder) = @ARGV;

load_ldirectord($program);
# A refusal ends one file, not all of them.
*CORE::GLOBAL::exit = sub { die "exit\n" };

our ($CONFIG, $DAEMON_STATUS, $DAEMON_STATUS_STARTING, $HOSTNAME, @VIRTUAL);
our ($CHECKINTERVAL, $AUTOCHECK, $CLEANSTOP, $FORKING, $LDIRLOG, $MAINTDIR, $EMAILALERT, $EMAILALERTFROM, $SMTP);
our ($READDQUIESCENT, $CALLBACK, $EMAILALERTFREQ, %LD_INSTANCE);
our ($QUIESCENT, $CHECKTIMEOUT, $NEGOTIATETIMEOUT, $CHECKCOUNT, $FAILURECOUNT, $FALLBACK, $FALLBACK6, $FALLBACKCOMMAND, $EMAILALERTSTATUS);
$HOSTNAME = 'director';
my $json = JSON::PP->new->canonical->latin1;
opendir(my $files, $folder) or die "$folder: $!\n";
for my $file (sort grep { -f "$folder/$_" } readdir($files)) {
    ($CONFIG, $DAEMON_STATUS) = ("$folder/$file", $DAEMON_STATUS_STARTING);
    my $said = '';
    my $taken = do {
        local *STDERR;
        open(STDERR, '>', \$said) or die $!;
        eval { read_config(); 1 };
    };
    die $@ unless $taken or $@ eq "exit\n";
    print $json->encode({
        file => $file,
        refused => $taken ? JSON::PP::false : JSON::PP::true,
        said => $said,
        virtuals => \@VIRTUAL,
        settings => {
            checkinterval => $CHECKINTERVAL, autoreload => $AUTOCHECK, cleanstop => $CLEANSTOP, fork => $FORKING,
            logfile => $LDIRLOG, maintenancedir => $MAINTDIR,
            readdquiescent => $READDQUIESCENT, callback => $CALLBACK, execute => join(' ', sort keys %LD_INSTANCE),
            emailalertfreq => $EMAILALERTFREQ,
            quiescent => $QUIESCENT, checktimeout => $CHECKTIMEOUT, negotiatetimeout => $NEGOTIATETIMEOUT,
            checkcount => $CHECKCOUNT, failurecount => $FAILURECOUNT,
            fallback => $FALLBACK, fallback6 => $FALLBACK6, fallbackcommand => $FALLBACKCOMMAND,
            emailalertstatus => $EMAILALERTSTATUS,
            emailalert => $EMAILALERT, emailalertfrom => $EMAILALERTFROM, smtp => $SMTP,
        },
    }), "\n";
}
