/** Arguments that cannot be used: the message is the one line shown; exit status 2. */
export class UnusableArguments extends Error {
  override name = 'UnusableArguments';
}

export const USAGE = `streamgauge — why does my stream work on my machine and not behind the load balancer?

  streamgauge diagnose FILE...   [--json] [--fail-on error|warning|never]
      Reads HAR and trace files, plain or gzip; - is standard input.

  streamgauge record URL         [--for 30s] [--out FILE] [--json] [--fail-on error|warning|never]
                                 [--header 'Name: value']... [--run SCRIPT.js] [--headed] [--insecure]
      Opens URL in an installed Chromium, Chrome or Edge and records its streams, those of its workers
      and of windows that it opens. Stops after --for (default 30s), or earlier when every stream has
      ended and the page is quiet; Ctrl-C ends it, too.
      --out saves the trace, without cookies and tokens; a name ending in .gz is compressed.
      --header is sent with every request of the page, to other sites as well.
      --run is evaluated in the page once it has loaded; a promise it comes to is awaited.
      --headed shows the browser; without --run you work in it, and it records until you close it
      (or --for, then 10m by default). --insecure does not check certificates.

  streamgauge report FILE        [--out FILE] [--format NAME] [--hide PATH]... [--no-redact] [--otlp URL]
      Writes what was found, to show to others: Markdown, or what the ending of --out says (.html .md
      .har .json .json.gz .chunks.csv .events.csv .perfetto.json .otlp.jsonl .sh). Secrets are taken
      out; --hide takes out a JSON path as well ('$.user.email'), --no-redact keeps everything.
      --otlp sends the streams as spans to an OpenTelemetry collector; nothing is sent otherwise.

  streamgauge compare A B        [--json] [--map HOST=HOST]... [--fail-on error|warning|never]
                                 [--out FILE] [--format html|json] [--hide PATH]... [--no-redact]
      Says what differs between two HAR or trace files of the same page, and what that points to. A is
      the one that works. Hosts are matched by their endpoints; --map names a pair. --fail-on (default
      never) looks at findings that appeared. --out saves it to show to others, as one HTML page with
      both arrival curves, or as JSON; --hide and --no-redact as for report.

  streamgauge recipes [ID]       [--platform NAME]
      Lists the recipes, or prints one, or its part for one platform.

  Exit status: 0 nothing at or above --fail-on (default error); 1 something was; 2 a file, an address
  or an argument could not be used, or the recording did not come to its end.
  STREAMGAUGE_BROWSER names the browser to use. NO_COLOR turns colours off.
`;
