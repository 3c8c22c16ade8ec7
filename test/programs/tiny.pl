# As small as a server can be: answers every connection with its argument list. Arguments: `serve`; `stubborn`,
# which does not end when it is asked to; `exit CODE`, which ends after the first request, or `exit CODE MS`, that long
# after it listens; `fail CODE`, which ends before it listens.
use strict;
use warnings;
use Socket;

my ($mode, $code, $ms) = @ARGV;
exit $code if $mode eq 'fail';
$SIG{TERM} = $mode eq 'stubborn' ? sub { } : sub { exit 0 };
$SIG{ALRM} = sub { exit $code };

socket(my $server, PF_INET, SOCK_STREAM, 0) or die $!;
setsockopt($server, SOL_SOCKET, SO_REUSEADDR, 1) or die $!;
bind($server, sockaddr_in($ENV{PORT}, INADDR_ANY)) or die $!;
listen($server, 16) or die $!;
$| = 1;
print "listening\n";
if (defined $ms) {
    require Time::HiRes;
    Time::HiRes::ualarm($ms * 1000);
}
while (1) {
    accept(my $client, $server) or next;
    sysread($client, my $request, 8192) or next;
    syswrite($client, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n@ARGV\n");
    close($client);
    exit $code if $mode eq 'exit';
}
