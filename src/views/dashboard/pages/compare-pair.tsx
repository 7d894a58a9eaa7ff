import { useMemo, useState } from 'preact/hooks';
import type {
  Both,
  CookieTraffic,
  EventAlignment,
  Figure,
  HeaderDifference,
  HopChanges,
  StreamPair,
} from '../../../compare/types';
import { formatValue } from '../../../lib/format';
import type { CurveLine } from '../../charts/curve-line';
import { CurvesChart } from '../../charts/curves-chart';
import { HistogramChart } from '../../charts/histogram-chart';
import { formatBytes, formatCount, formatDuration, plural, UNKNOWN } from '../../format';
import { histogramOf, usedRange } from '../model/log-bins';
import { Changes } from './finding-changes';

/** One request of both recordings: what came when, and what else differs. */
export function PairDetail({ pair, names }: { pair: StreamPair; names: Both<string> }) {
  return (
    <section class="block pair-detail" aria-labelledby="pair-title">
      <h3 id="pair-title" class="mono">
        {pair.endpoint}
      </h3>
      {pair.matchedBy === 'order' && (
        <p class="dim">The two asked for different things and were paired by their order.</p>
      )}
      {pair.obstacles.map((obstacle) => (
        <p key={obstacle} class="inline-note warn">
          {obstacle}
        </p>
      ))}
      <Curves pair={pair} names={names} />
      <div class="overview-columns">
        <Figures figures={pair.figures} names={names} />
        <div class="stack">
          <Hops hops={pair.hops} names={names} />
          <Cookies cookies={pair.cookies} names={names} />
          <h4>Findings on this request</h4>
          <Changes changes={pair.findings} />
        </div>
      </div>
      <Gaps pair={pair} names={names} />
      {pair.events && <Events events={pair.events} names={names} />}
      <Headers headers={pair.headers} names={names} />
    </section>
  );
}

function Curves({ pair, names }: { pair: StreamPair; names: Both<string> }) {
  const { curves } = pair;
  const hasEvents = [curves.a, curves.b].some(({ events }) => (events.at(-1) ?? 0) > 0);
  const [unit, setUnit] = useState<'events' | 'bytes'>(hasEvents ? 'events' : 'bytes');
  const lines = useMemo(
    () =>
      (['a', 'b'] as const).map((side): CurveLine => {
        const curve = curves[side];
        const values = curve[unit];
        const points = curve.atMs.map((x, index) => ({ x, y: values[index] ?? 0 }));
        // Nothing had come before the first delivery, and nothing came after the last.
        if (points.length > 0) points.unshift({ x: 0, y: 0 });
        const last = points.at(-1);
        if (last && curve.endMs !== null && curve.endMs > last.x) points.push({ x: curve.endMs, y: last.y });
        return { label: names[side], look: side === 'a' ? 'first' : 'second', stepped: true, points };
      }),
    [curves, unit, names],
  );
  const uncertain = (['a', 'b'] as const)
    .filter((side) => !curves[side].timesKnown)
    .map((side) => names[side]);
  return (
    <div class="curves">
      {hasEvents && (
        <div class="segments" role="group" aria-label="What the curves count">
          {(['events', 'bytes'] as const).map((one) => (
            <button
              key={one}
              type="button"
              class="tool-button toggle"
              aria-pressed={unit === one}
              onClick={() => setUnit(one)}
            >
              {one === 'events' ? 'Events' : 'Bytes'}
            </button>
          ))}
        </div>
      )}
      <CurvesChart
        class=""
        title={`Arrived since the request, ${unit}`}
        summary={curveSummary(pair, names, unit)}
        xTitle="Since the request"
        lines={lines}
        formatX={formatDuration}
        formatY={unit === 'events' ? formatCount : formatBytes}
        wholeY={unit === 'events'}
        zoomable
        note={
          uncertain.length > 0
            ? `${uncertain.join(' and ')}: only bounds of the times are known, so the curve says nothing about rhythm.`
            : 'Drag, or Ctrl and wheel, to zoom; Shift and drag to move.'
        }
      />
    </div>
  );
}

function curveSummary({ curves }: StreamPair, names: Both<string>, unit: 'events' | 'bytes'): string {
  const words = (side: 'a' | 'b') => {
    const { atMs, [unit]: totals, endMs } = curves[side];
    const total = totals.at(-1) ?? 0;
    const amount = unit === 'events' ? plural(total, 'event') : formatBytes(total);
    if (atMs.length === 0) return `${names[side]}: nothing arrived`;
    return `${names[side]}: ${amount}, the first after ${formatDuration(atMs[0] ?? null)}, the last after ${formatDuration(atMs.at(-1) ?? null)}${endMs === null ? ', still open' : ''}`;
  };
  return `Arrival curves. ${words('a')}. ${words('b')}.`;
}

function Figures({ figures, names }: { figures: readonly Figure[]; names: Both<string> }) {
  const show = (value: Figure['a'], unit: string) => (value === null ? UNKNOWN : formatValue(value, unit));
  return (
    <div>
      <h4>Figures</h4>
      <table class="data-table figures">
        <thead>
          <tr>
            <th scope="col">
              <span class="sr-only">Figure</span>
            </th>
            <th scope="col" class="numeric">
              {names.a}
            </th>
            <th scope="col" class="numeric">
              {names.b}
            </th>
            <th scope="col">
              <span class="sr-only">Differs</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {figures.map((figure) => (
            <tr key={figure.id} class={figure.differs ? 'differs' : ''}>
              <th scope="row">{figure.label}</th>
              <td class="numeric">{show(figure.a, figure.unit)}</td>
              <td class="numeric">{show(figure.b, figure.unit)}</td>
              <td>{figure.differs ? 'differs' : ''}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Hops({ hops, names }: { hops: HopChanges; names: Both<string> }) {
  const groups = [
    { title: 'on both ways', labels: hops.both },
    { title: `only in ${names.a}`, labels: hops.onlyA },
    { title: `only in ${names.b}`, labels: hops.onlyB },
  ].filter(({ labels }) => labels.length > 0);
  return (
    <div>
      <h4>Hops on the way</h4>
      {groups.length === 0 ? (
        <p class="dim">The headers betray none.</p>
      ) : (
        <dl class="both-ways">
          {groups.map(({ title, labels }) => (
            <div key={title}>
              <dt>{title}</dt>
              <dd>{labels.join(', ')}</dd>
            </div>
          ))}
        </dl>
      )}
    </div>
  );
}

function Cookies({ cookies, names }: { cookies: Both<CookieTraffic>; names: Both<string> }) {
  const words = ({ sent, set, refused, withheld, affinity }: CookieTraffic) =>
    [
      sent === null ? 'sent: not known' : sent.length > 0 ? `sent ${sent.join(', ')}` : 'sent none',
      set.length > 0 ? `set ${set.join(', ')}` : 'set none',
      ...refused.map((one) => `${one.name} refused (${one.reasons.join(', ')})`),
      ...withheld.map((one) => `${one.name} withheld (${one.reasons.join(', ')})`),
      ...(affinity.length > 0 ? [`affinity: ${affinity.join(', ')}`] : []),
    ].join('; ');
  const [a, b] = [words(cookies.a), words(cookies.b)];
  return (
    <div>
      <h4>Cookies</h4>
      {a === b ? (
        <p class="dim">The same in both: {a}.</p>
      ) : (
        <dl class="both-ways">
          <div>
            <dt>{names.a}</dt>
            <dd>{a}</dd>
          </div>
          <div>
            <dt>{names.b}</dt>
            <dd>{b}</dd>
          </div>
        </dl>
      )}
    </div>
  );
}

function Gaps({ pair, names }: { pair: StreamPair; names: Both<string> }) {
  const { gaps } = pair;
  const [a, b] = useMemo(() => {
    const range = usedRange(gaps.a, gaps.b);
    const of = (side: 'a' | 'b') =>
      gaps[side].some((count) => count > 0) ? histogramOf(gaps[side], gaps.binEdgesMs, range) : [];
    return [of('a'), of('b')];
  }, [gaps]);
  if (a.length + b.length === 0) return null;
  const empty = 'There was none: it came in one piece, or not at all.';
  return (
    <div class="plot-pair">
      <HistogramChart
        title={`Silences, ${names.a}`}
        bins={a}
        revision={1}
        colour="arrived"
        formatEdge={formatDuration}
        empty={empty}
      />
      <HistogramChart
        title={`Silences, ${names.b}`}
        bins={b}
        revision={1}
        colour="bytes"
        formatEdge={formatDuration}
        empty={empty}
      />
    </div>
  );
}

const FIRST_ROWS = 40;

/** What the way adds to each event. */
function Events({ events, names }: { events: EventAlignment; names: Both<string> }) {
  const [shown, setShown] = useState(FIRST_ROWS);
  const [isOpen, setOpen] = useState(false);
  const delays = useMemo<CurveLine[]>(
    () => [
      {
        label: 'added delay',
        look: 'second',
        points: events.rows.flatMap(({ aIndex, delayMs }) =>
          aIndex === null || delayMs === null ? [] : [{ x: aIndex, y: delayMs }],
        ),
      },
    ],
    [events],
  );
  const signed = (ms: number | null) =>
    ms === null ? UNKNOWN : ms < 0 ? `−${formatDuration(-ms)}` : `${ms > 0 ? '+' : ''}${formatDuration(ms)}`;
  return (
    <div>
      <h4>Events against each other</h4>
      <p>
        {formatCount(events.matched)} matched{' '}
        {events.by === 'content' ? 'by their contents' : 'one by one, since their contents differ'}; added
        delay {signed(events.smallestDelayMs)} to {signed(events.largestDelayMs)}, median{' '}
        {signed(events.medianDelayMs)}.
        {events.unmatched.a + events.unmatched.b > 0 &&
          ` ${plural(events.unmatched.a, 'event')} only in ${names.a}, ${events.unmatched.b} only in ${names.b}.`}
        {events.isCut && ' Only the first ones were held against each other.'}
      </p>
      {delays[0] && delays[0].points.length > 1 && (
        <CurvesChart
          title={`Delay of each event in ${names.b} over ${names.a}`}
          summary={`Added delay per event: from ${signed(events.smallestDelayMs)} to ${signed(events.largestDelayMs)}, median ${signed(events.medianDelayMs)}.`}
          xTitle="Event"
          lines={delays}
          formatX={(index) => `#${Math.round(index) + 1}`}
          formatY={formatDuration}
        />
      )}
      <details onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>Event by event</summary>
        {isOpen && (
          <>
            <table class="data-table">
              <thead>
                <tr>
                  <th scope="col" class="numeric">
                    Event of {names.a}
                  </th>
                  <th scope="col" class="numeric">
                    came after
                  </th>
                  <th scope="col" class="numeric">
                    Event of {names.b}
                  </th>
                  <th scope="col" class="numeric">
                    came after
                  </th>
                  <th scope="col" class="numeric">
                    Added delay
                  </th>
                </tr>
              </thead>
              <tbody>
                {events.rows.slice(0, shown).map(({ aIndex, bIndex, aMs, bMs, delayMs }) => (
                  <tr key={`${aIndex} ${bIndex}`}>
                    <td class="numeric">{aIndex === null ? UNKNOWN : aIndex + 1}</td>
                    <td class="numeric">{formatDuration(aMs)}</td>
                    <td class="numeric">{bIndex === null ? UNKNOWN : bIndex + 1}</td>
                    <td class="numeric">{formatDuration(bMs)}</td>
                    <td class="numeric">{signed(delayMs)}</td>
                  </tr>
                ))}
              </tbody>
            </table>
            {events.rows.length > shown && (
              <button type="button" class="link" onClick={() => setShown(shown + FIRST_ROWS * 10)}>
                Show {plural(Math.min(events.rows.length - shown, FIRST_ROWS * 10), 'more event')}
              </button>
            )}
          </>
        )}
      </details>
    </div>
  );
}

function Headers({ headers, names }: { headers: readonly HeaderDifference[]; names: Both<string> }) {
  const [all, setAll] = useState(false);
  const telling = headers.filter(({ matters }) => matters);
  const shown = all ? headers : telling;
  const incidental = headers.length - telling.length;
  return (
    <div>
      <h4>Headers that differ</h4>
      {shown.length === 0 ? (
        <p class="dim">None that can change how a stream is delivered.</p>
      ) : (
        <div class="table-scroll" tabIndex={0} role="group" aria-label="Headers that differ">
          <table class="data-table">
            <thead>
              <tr>
                <th scope="col">Header</th>
                <th scope="col">of the</th>
                <th scope="col">{names.a}</th>
                <th scope="col">{names.b}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map(({ of, name, a, b, matters }) => (
                <tr key={`${of} ${name}`} class={matters ? '' : 'dim'}>
                  <th scope="row">
                    <code>{name}</code>
                  </th>
                  <td>{of}</td>
                  <td class="mono value-cell">{a ?? <span class="dim">absent</span>}</td>
                  <td class="mono value-cell">{b ?? <span class="dim">absent</span>}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
      {incidental > 0 && (
        <button type="button" class="link" aria-expanded={all} onClick={() => setAll(!all)}>
          {all
            ? 'Hide dates, ids and lengths'
            : `Show ${plural(incidental, 'more that only says', 'more that only say')} when, who or how long`}
        </button>
      )}
    </div>
  );
}
