/** Arguments that cannot be used: the message is the one line shown; exit status 2. */
export class UnusableArguments extends Error {
  override name = 'UnusableArguments';
}

export const USAGE = `streamgauge — why does my stream work on my machine and not behind the load balancer?

  streamgauge diagnose FILE...   [--json] [--fail-on error|warning|never]
      Reads HAR and trace files, plain or gzip; - is standard input.

  streamgauge record URL         [--for 30s] [--out FILE] [--json] [--fail-on error|warning|never]
                                 [--header 'Name: value'] [--run SCRIPT.js] [--headed]
      Opens URL in an installed Chromium, Chrome or Edge and records its streams. Stops after --for
      (default 30s), or earlier when every stream has ended and the page is quiet. --run is evaluated
      in the page once it has loaded; what it returns is awaited. --out ending in .gz is compressed.

  streamgauge recipes [ID]
      Lists the recipes, or prints one.

  Exit status: 0 nothing at or above --fail-on (default error), 1 something was, 2 unusable input.
  STREAMGAUGE_BROWSER names the browser to use. NO_COLOR turns colours off.
`;
