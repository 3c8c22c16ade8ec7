const waysOut: Readonly<Record<string, string>> = {
  'sprite not found': 'See what there is: `berth sprite list`. Make one: `berth sprite create NAME`.',
  'sprite already exists': 'Choose another name, or use that one: `berth sprite info NAME`.',
  'session not found': 'It may have ended. See what runs: `berth sprite sessions NAME`.',
  'service not found': 'See what there is: `berth sprite services list NAME`.',
  'service in use': 'Others need it. Stop or delete those first.',
  'service not running': 'See how it is: `berth sprite services get NAME SERVICE`.',
  'another service already has an HTTP port configured':
    'One service of a sprite can have the port of its URL. Leave --http-port out, or delete the other one.',
  'too many services': 'Delete one that is not needed: `berth sprite services list NAME`.',
  'invalid signal': 'Use a name such as HUP or SIGTERM, or a number from 1 to 64.',
  'not supported':
    'Another runtime may be able to. See which there are: `berth doctor` on the machine of the server.',
  'port not reached': 'See what is listened on there: `berth sprite ports NAME`.',
  gone: 'See what runs: `berth sprite sessions NAME`.',
  'checkpoint not found': 'See what there is: `berth sprite checkpoint list NAME`.',
  'checkpoint busy': 'Another checkpoint is being made or restored. Try again when it is done.',
  'checkpoint in use':
    "It is what the sprite's files descend from. Make another one first, or restore another one.",
  concurrent_sprite_limit_exceeded:
    'Destroy one that is not needed: `berth sprite list`, `berth sprite destroy NAME`.',
  sprite_creation_rate_limited: 'Wait a minute, then try again.',
  'sprite did not wake':
    'Try again; if it does not help, `berth sprite info NAME` and the server’s log tell more.',
};

/** What to do about a refusal of Sprites' API; undefined when its message says all. */
export function spriteWayOut(code: string): string | undefined {
  return waysOut[code];
}
