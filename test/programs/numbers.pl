# Writes `out N` and `err N`, N = 0, 1, 2, …, every few milliseconds (first argument), as its last word before
# an end of its own `end N TIME`. `/` tells who it is; `/exit?code=3&ms=500` ends it after a while. When asked to
# end it does so after as many milliseconds as the second argument says; never when that is missing.
# In Perl, since tests run many of it: each costs a fraction of what Node would.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(time);

my ($interval_ms, $grace_ms) = @ARGV;
my $instance = join '-', $$, time, rand;
my $next = 0;
my ($code, $ends_at);

sub milliseconds { return int(time * 1000) }

sub end_in {
    my ($ms, $with) = @_;
    ($code, $ends_at) = ($with, time + $ms / 1000);
}

$SIG{TERM} = sub {
    syswrite(STDOUT, 'asked ' . milliseconds() . "\n");
    end_in($grace_ms, 0) if defined $grace_ms;
};
$SIG{PIPE} = 'IGNORE';

socket(my $server, PF_INET, SOCK_STREAM, 0) or die $!;
setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1) or die $!;
bind($server, sockaddr_in($ENV{PORT}, INADDR_ANY)) or die $!;
listen($server, 16) or die $!;

my $writes_at = time;
while (1) {
    if (defined $ends_at && time >= $ends_at) {
        syswrite(STDOUT, "end $next " . milliseconds() . "\n");
        exit $code;
    }
    if (time >= $writes_at) {
        syswrite(STDOUT, "out $next\n");
        syswrite(STDERR, "err $next\n");
        $next += 1;
        $writes_at = time + $interval_ms / 1000;
    }
    my $wait = $writes_at - time;
    vec(my $readable = '', fileno($server), 1) = 1;
    answer() if select($readable, undef, undef, $wait > 0 ? $wait : 0) > 0;
}

sub answer {
    accept(my $client, $server) or return;
    sysread($client, my $request, 8192) or return;
    end_in($2, $1) if $request =~ m{^GET /exit\?code=(\d+)&ms=(\d+) };
    my $who = qq({"instance":"$instance","next":$next,"fencingToken":$ENV{SESSION_BACKEND_FENCING_TOKEN}});
    syswrite($client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n$who");
}
