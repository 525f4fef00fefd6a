#!/usr/bin/perl
# What a process may in the sandbox of mpsid.service: first as the guard (root), then as a child (the account mpsi).
use strict;
use warnings;
use POSIX ();
use Socket;

sub say_of { print join(' ', @_), "\n" }
sub may { my ($what, $done) = @_; say_of($what, $done ? 'yes' : 'no') }
sub owner { my @s = stat $_[0]; @s ? sprintf('%s %o', scalar getpwuid($s[4]), $s[2] & 07777) : 'none' }
sub opens { open(my $f, $_[0], $_[1]) ? 1 : 0 }
sub capabilities { open(my $f, '<', '/proc/self/status') or die; join ' ', map { /^CapEff:\s+(\S+)/ ? $1 : () } <$f> }

my ($uid, $gid) = (getpwnam 'mpsi')[2, 3];
$| = 1;
say_of('store', owner('/var/lib/mpsi'));
say_of('run', owner('/run/mpsi'));
say_of('sockets', $ENV{LISTEN_FDS} // 0);
say_of('capabilities', capabilities());
may('guard opens the store', opendir(my $d, '/var/lib/mpsi'));
may('guard opens another account\'s file', opens('<', '/var/lib/mpsi/x'));
may('guard writes /etc', opens('>', '/etc/mpsi-probe'));
may('guard writes /usr', opens('>', '/usr/mpsi-probe'));
may('guard sees homes', opendir(my $h, '/root'));
may('guard opens a character device', opens('<', '/dev/kmsg'));
may('guard sees swaps', opens('<', '/proc/swaps'));
may('guard has an Internet socket', socket(my $i, AF_INET, SOCK_STREAM, 0));
may('guard has a netlink socket', socket(my $n, 16, SOCK_RAW, 15));
may('guard mounts', system('mount -t tmpfs tmpfs /tmp 2>/dev/null') == 0);

pipe(my $read, my $write) or die;
my $child = fork;
if (!$child) {
        $) = "$gid $gid";
        POSIX::setgid($gid);
        POSIX::setuid($uid);
        say_of('child', scalar getpwuid($>), capabilities());
        may('child writes the store', opens('>', '/var/lib/mpsi/x'));
        may('child is root again', POSIX::setuid(0));
        may('child writes /run/mpsi', opens('>', '/run/mpsi/x'));
        close $write;
        sleep 60;
        POSIX::_exit(0);
}
close $write;
readline $read; # until the child is done
may('guard signals its child as root', kill 'TERM', $child);
$> = $uid;
may('guard signals its child as the account', kill 'TERM', $child);
$> = 0;
waitpid $child, 0;
say_of('child ended by', $? & 127);
say_of('capabilities', capabilities());
