import type { ComponentChildren } from 'preact';
import type { Header, Phases, StreamRecord } from '../../trace/types';
import { useModel } from '../components/context';
import { CopyButton } from '../components/copy-button';
import { HopsLine } from '../components/hops-line';
import { formatBytes, formatDuration, formatTimeOfDay, UNKNOWN } from '../format';
import { type CookieRow, cookieRows } from '../model/cookies';

/** Drawn at once; a hostile answer can carry any number. */
const MOST_HEADERS = 500;

export function HeadersTab({ streamId }: { streamId: string }) {
  const model = useModel();
  void model.revision.value;
  const stream = model.stream(streamId);
  if (!stream) return null;
  const facts = model.facts(streamId);
  const { request, response } = stream;
  const cookies = cookieRows(stream);
  return (
    <div class="headers scroll" key={streamId}>
      <Section title="General">
        <Pairs rows={generalRows(stream, model.trace.meta.originEpochMs)} />
      </Section>
      {facts && facts.hops.length > 0 && (
        <Section title="Hops, from the browser to the origin">
          <HopsLine hops={facts.hops} />
          <Pairs rows={facts.hops.map((hop) => [hop.label, hop.evidence])} />
        </Section>
      )}
      <Section title="Response headers" count={response?.headers.length}>
        {response ? (
          <>
            {!response.headersComplete && <PartialNote what="the page may see (CORS)" />}
            <HeaderRows headers={response.headers} />
          </>
        ) : (
          <p class="inline-note">{stream.end ? 'No answer ever came.' : 'No answer has come yet.'}</p>
        )}
      </Section>
      <Section title="Request headers" count={request.headers.length}>
        {!request.headersComplete && <PartialNote what="the page set itself" />}
        <HeaderRows headers={request.headers} />
      </Section>
      <Section title="Cookies" count={cookies.length}>
        {cookies.length > 0 ? <Cookies rows={cookies} /> : <p class="inline-note">{noCookies(stream)}</p>}
      </Section>
      {stream.timing.phases && (
        <Section title="Timing phases">
          <PhaseTable phases={stream.timing.phases} />
        </Section>
      )}
      {request.body && (
        <Section title={`Request body, ${formatBytes(request.body.byteLength)}`}>
          <div class="code">
            <pre tabIndex={0} role="group" aria-label="Request body">
              <code>{request.body.text}</code>
            </pre>
            <CopyButton small label="Copy body" text={() => request.body?.text ?? ''} />
          </div>
          {request.body.truncated && <p class="inline-note">Cut at the capture limit.</p>}
        </Section>
      )}
    </div>
  );
}

function Section(props: { title: string; count?: number | undefined; children: ComponentChildren }) {
  return (
    <details class="section" open>
      <summary>
        {props.title}
        {props.count !== undefined && <span class="section-count">{props.count}</span>}
      </summary>
      <div class="section-body">{props.children}</div>
    </details>
  );
}

function PartialNote({ what }: { what: string }) {
  return (
    <p class="inline-note">
      Only headers that {what} are known. The full ones come with the network view, when DevTools was open at
      the time.
    </p>
  );
}

function generalRows(stream: StreamRecord, originEpochMs: number): [string, string][] {
  const { request, response, timing, end } = stream;
  const rows: [string, string][] = [
    ['URL', request.url],
    ['Method', request.method],
    ['Status', response ? `${response.status} ${response.statusText}`.trim() : UNKNOWN],
  ];
  if (response?.url && response.url !== request.url) rows.push(['Answered by', response.url]);
  rows.push(['Protocol', response?.protocol ?? UNKNOWN]);
  rows.push([
    'Started',
    `${formatTimeOfDay(originEpochMs + timing.startedAtMs)} (${formatDuration(timing.startedAtMs)} into the recording)`,
  ]);
  if (request.credentials) rows.push(['Credentials', request.credentials]);
  if (request.mode) rows.push(['Mode', request.mode]);
  if (request.hasAbortSignal !== null) rows.push(['Abort signal', request.hasAbortSignal ? 'given' : 'none']);
  if (request.protocols.length > 0) rows.push(['Subprotocols', request.protocols.join(', ')]);
  if (response?.remoteAddress) rows.push(['Remote address', response.remoteAddress]);
  if (response?.connectionId) rows.push(['Connection', response.connectionId]);
  if (response?.fromCache) rows.push(['Source', 'the cache']);
  if (response?.fromServiceWorker) rows.push(['Source', 'a service worker']);
  rows.push(['Ended', end ? endText(stream) : 'still open']);
  return rows;
}

function endText({ end, timing }: StreamRecord): string {
  if (!end) return UNKNOWN;
  const words = {
    complete: 'whole',
    error: 'cut',
    aborted: 'aborted by the page',
    refused: 'refused',
  } as const;
  const code =
    end.closeCode === null
      ? null
      : `close code ${end.closeCode}${end.closeReason ? ` “${end.closeReason}”` : ''}`;
  return [
    `${words[end.kind]} after ${formatDuration(end.atMs - timing.startedAtMs)}`,
    code,
    end.netError,
    end.message,
  ]
    .filter(Boolean)
    .join(', ');
}

function HeaderRows({ headers }: { headers: readonly Header[] }) {
  if (headers.length === 0) return <p class="inline-note">None.</p>;
  return (
    <>
      <Pairs rows={headers.slice(0, MOST_HEADERS).map(([name, value]) => [name, value])} />
      {headers.length > MOST_HEADERS && (
        <p class="inline-note">{headers.length - MOST_HEADERS} more are not shown.</p>
      )}
    </>
  );
}

function Pairs({ rows }: { rows: readonly (readonly [string, string])[] }) {
  return (
    <dl class="pairs">
      {rows.map(([name, value], index) => (
        // Names repeat (Set-Cookie), and the order is that of the wire.
        <div class="pair" key={index}>
          <dt>{name}</dt>
          <dd>
            <span class="value">{value}</span>
            <CopyButton small label={`Copy ${name}`} text={() => value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

const COOKIE_WORDS: Record<CookieRow['direction'], string> = {
  sent: '↑ sent',
  set: '↓ set',
  withheld: '✕ not sent',
  refused: '✕ not kept',
};

function Cookies({ rows }: { rows: readonly CookieRow[] }) {
  return (
    <div class="table-scroll" tabIndex={0} role="group" aria-label="Cookies">
      <table class="plain">
        <thead>
          <tr>
            <th scope="col">Cookie</th>
            <th scope="col">Name</th>
            <th scope="col">Value</th>
            <th scope="col">Attributes, or why not</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row, index) => (
            <tr key={index} class={row.direction}>
              <td class="cookie-word">{COOKIE_WORDS[row.direction]}</td>
              <td>{row.name}</td>
              <td class="clip" title={row.value}>
                {row.value}
              </td>
              <td>{row.note}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function noCookies(stream: StreamRecord): string {
  if (!stream.request.headersComplete && !stream.response?.headersComplete) {
    return 'Not known: cookies are only in the network view of this exchange.';
  }
  return stream.request.credentials === 'omit'
    ? 'None: the page asked for no credentials (credentials: omit).'
    : 'None was sent and none was set.';
}

const PHASE_WORDS: [keyof Phases, string][] = [
  ['blockedMs', 'Waiting for a connection'],
  ['dnsMs', 'DNS'],
  ['connectMs', 'Connecting'],
  ['sslMs', 'TLS (in connecting)'],
  ['sendMs', 'Sending'],
  ['waitMs', 'Waiting for the answer'],
  ['receiveMs', 'Receiving'],
];

function PhaseTable({ phases }: { phases: Phases }) {
  const known = PHASE_WORDS.filter(([key]) => phases[key] !== null);
  const most = Math.max(...known.map(([key]) => phases[key] ?? 0), 1);
  return (
    <dl class="phases">
      {known.map(([key, label]) => (
        <div class="phase" key={key}>
          <dt>{label}</dt>
          <dd>
            <span
              class="phase-bar"
              aria-hidden="true"
              style={{ width: `${(((phases[key] ?? 0) / most) * 100).toFixed(1)}%` }}
            />
          </dd>
          <dd class="phase-value">{formatDuration(phases[key])}</dd>
        </div>
      ))}
    </dl>
  );
}
