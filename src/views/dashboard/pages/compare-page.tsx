import { useEffect, useMemo, useState } from 'preact/hooks';
import type { Comparison, HostPair, StreamPair } from '../../../compare/types';
import { hostOf } from '../../../diagnose/facts/endpoint';
import { EmptyState } from '../../components/empty-state';
import { plural } from '../../format';
import type { Entry } from '../library/entry';
import { useDashboard } from '../model/context';
import { PairDetail } from './compare-pair';
import { Changes } from './finding-changes';
import { OpenFiles } from './open-files';
import { SaveComparison } from './save-comparison';
import { formatDateTime } from './words';

/** Two recordings held against each other. */
export function ComparePage({ a, b }: { a: string | null; b: string | null }) {
  const model = useDashboard();
  const entries = model.entries.value;
  const first = model.entry(a);
  const second = model.entry(b);
  const compared = model.compared.value;
  const [hosts, setHosts] = useState<[string, string][]>([]);
  // The choice of hosts belongs to the pair for which it was made.
  useEffect(() => setHosts([]), [a, b]);
  useEffect(() => {
    if (first && second && first.id !== second.id) model.compare(first, second, hosts);
  }, [first?.id, second?.id, hosts, model]);
  // One object per choice: a preview under way belongs to it.
  const pairing = useMemo(
    () => (first && second && first.id !== second.id ? { a: first, b: second, hosts } : null),
    [first?.id, second?.id, hosts],
  );
  if (entries.length < 2) {
    return (
      <EmptyState title="A comparison needs two recordings." action={<OpenFiles isPill />}>
        <p>
          Record the page where it works and where it does not: directly and behind the load balancer, before
          and after a change. Add both here, and see what came later, in larger bursts, or not at all.
        </p>
      </EmptyState>
    );
  }
  const choose = (side: 'a' | 'b', id: string) =>
    model.go({ page: 'compare', a, b, [side]: id === '' ? null : id });
  const isPair = first && second && first.id !== second.id;
  return (
    <section class="page compare" aria-labelledby="compare-title">
      <header class="page-head">
        <h2 id="compare-title">Compare</h2>
        <Choice label="Reference" entries={entries} value={a} onChoose={(id) => choose('a', id)} />
        <button
          type="button"
          class="pill"
          title="Exchange the two"
          onClick={() => model.go({ page: 'compare', a: b, b: a })}
        >
          Swap
        </button>
        <Choice label="Held against it" entries={entries} value={b} onChoose={(id) => choose('b', id)} />
        <span class="spacer" />
        {pairing && compared?.state === 'done' && <SaveComparison pairing={pairing} />}
      </header>
      {!isPair ? (
        <EmptyState
          title={first && second ? 'These are one and the same recording.' : 'Choose the two recordings.'}
        >
          <p>The reference is the one that works; the other is held against it.</p>
        </EmptyState>
      ) : compared?.state === 'failed' ? (
        <EmptyState
          title="The two could not be compared."
          action={
            <button
              type="button"
              class="pill"
              onClick={() => {
                model.forgetComparison();
                model.compare(first, second, hosts);
              }}
            >
              Try again
            </button>
          }
        >
          <p>{compared.message}</p>
        </EmptyState>
      ) : compared?.comparison ? (
        <Result comparison={compared.comparison} isBusy={compared.state === 'comparing'} onHosts={setHosts} />
      ) : (
        <EmptyState title="Comparing…" />
      )}
    </section>
  );
}

function Choice(props: {
  label: string;
  entries: readonly Entry[];
  value: string | null;
  onChoose(id: string): void;
}) {
  const { label, entries, value, onChoose } = props;
  return (
    <label class="choice">
      {label}
      <select value={value ?? ''} onChange={(event) => onChoose(event.currentTarget.value)}>
        <option value="">Choose…</option>
        {entries.map(({ id, name, summary }) => (
          <option key={id} value={id}>
            {name} (
            {[hostOf(summary.pageUrl), formatDateTime(summary.recordedEpochMs)].filter(Boolean).join(', ')})
          </option>
        ))}
      </select>
    </label>
  );
}

function Result(props: {
  comparison: Comparison;
  isBusy: boolean;
  onHosts(hosts: [string, string][]): void;
}) {
  const { comparison, isBusy, onHosts } = props;
  const [chosen, setChosen] = useState<string | null>(null);
  const pair = comparison.pairs.find(({ key }) => key === chosen) ?? comparison.pairs[0];
  return (
    <div class="page-scroll" tabIndex={0} role="group" aria-label="Comparison" aria-busy={isBusy}>
      <div class={`verdict ${comparison.verdict}`} role="status">
        <p class="verdict-sentence">{comparison.sentence}</p>
        {comparison.obstacles.length > 0 && (
          <ul class="obstacles">
            {comparison.obstacles.map((obstacle) => (
              <li key={obstacle}>{obstacle}</li>
            ))}
          </ul>
        )}
      </div>
      <Hosts comparison={comparison} onHosts={onHosts} />
      {comparison.pairs.length > 0 && (
        <section class="block" aria-labelledby="compare-pairs">
          <h3 id="compare-pairs">
            Requests of both{' '}
            <span class="dim">{plural(comparison.pairs.length, 'pair')}, the most different first</span>
          </h3>
          <PairList pairs={comparison.pairs} selected={pair?.key ?? null} onSelect={setChosen} />
        </section>
      )}
      {pair && <PairDetail key={pair.key} pair={pair} names={comparison.names} />}
      <section class="block" aria-labelledby="compare-findings">
        <h3 id="compare-findings">Findings of the whole recordings</h3>
        <Changes changes={comparison.findings} />
      </section>
      <Unmatched comparison={comparison} />
    </div>
  );
}

/** Which host of the one is which of the other: guessed, and open to correction. */
function Hosts(props: { comparison: Comparison; onHosts(hosts: [string, string][]): void }) {
  const { comparison, onHosts } = props;
  const { hosts, names } = comparison;
  const loose = (side: 'a' | 'b') => [...new Set(comparison.unmatched[side].map(({ url }) => hostOf(url)))];
  const known = new Map(hosts.map((pair) => [pair.a, pair]));
  const ofA = [...new Set([...known.keys(), ...loose('a')])].filter(Boolean).sort();
  const ofB = [...new Set([...hosts.map(({ b }) => b), ...loose('b')])].filter(Boolean).sort();
  if (ofA.length === 0) return null;
  const given = hosts.filter(({ how }) => how === 'given').map(({ a, b }): [string, string] => [a, b]);
  return (
    <details class="block hosts" open={comparison.verdict === 'incomparable'}>
      <summary>
        Hosts{' '}
        <span class="dim">{hosts.map(hostWords).join('; ') || 'no host of the two belongs together'}</span>
      </summary>
      <table class="data-table">
        <thead>
          <tr>
            <th scope="col">In {names.a}</th>
            <th scope="col">is in {names.b}</th>
            <th scope="col">How it is known</th>
          </tr>
        </thead>
        <tbody>
          {ofA.map((host) => {
            const pair = known.get(host);
            return (
              <tr key={host}>
                <th scope="row">{host}</th>
                <td>
                  <select
                    aria-label={`Host of ${names.b} for ${host}`}
                    value={pair?.b ?? ''}
                    onChange={(event) =>
                      onHosts([...given.filter(([one]) => one !== host), [host, event.currentTarget.value]])
                    }
                  >
                    <option value="">no host</option>
                    {ofB.map((other) => (
                      <option key={other} value={other}>
                        {other}
                      </option>
                    ))}
                  </select>
                </td>
                <td class="dim">{pair ? HOW[pair.how] : 'no counterpart was found'}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
      {given.length > 0 && (
        <button type="button" class="link" onClick={() => onHosts([])}>
          Guess them again
        </button>
      )}
    </details>
  );
}

const HOW: Record<HostPair['how'], string> = {
  given: 'chosen by you',
  equal: 'the same name',
  guessed: 'answers the same endpoints',
};

function hostWords({ a, b }: HostPair): string {
  return a === b ? a : b === '' ? `${a} → none` : `${a} → ${b}`;
}

/** Pairs drawn at once; the rest is reached by the list's own end. */
const FIRST_PAIRS = 50;

function PairList(props: {
  pairs: readonly StreamPair[];
  selected: string | null;
  onSelect(key: string): void;
}) {
  const { pairs, selected, onSelect } = props;
  const [shown, setShown] = useState(FIRST_PAIRS);
  return (
    <>
      <ul class="pair-list">
        {pairs.slice(0, shown).map((pair) => (
          <li key={pair.key}>
            <button
              type="button"
              class="pair-button"
              aria-pressed={pair.key === selected}
              onClick={() => onSelect(pair.key)}
            >
              <span class={`weight is-${weightWord(pair)}`}>{weightWord(pair)}</span>
              <span class="pair-endpoint mono">{pair.endpoint}</span>
              <span class="pair-sentence">{pair.sentence ?? 'Nothing differs by more than chance.'}</span>
            </button>
          </li>
        ))}
      </ul>
      {pairs.length > shown && (
        <button type="button" class="link" onClick={() => setShown(shown + FIRST_PAIRS * 4)}>
          Show {plural(Math.min(pairs.length - shown, FIRST_PAIRS * 4), 'more pair')}
        </button>
      )}
    </>
  );
}

function weightWord({ weight }: StreamPair): 'failed' | 'timing' | 'headers' | 'same' {
  if (weight >= 100) return 'failed';
  if (weight >= 1) return 'timing';
  return weight > 0 ? 'headers' : 'same';
}

function Unmatched({ comparison }: { comparison: Comparison }) {
  const { unmatched, names } = comparison;
  if (unmatched.a.length + unmatched.b.length === 0) return null;
  return (
    <details class="block">
      <summary>
        Requests that only one of them made{' '}
        <span class="dim">
          {unmatched.a.length} in {names.a}, {unmatched.b.length} in {names.b}
        </span>
      </summary>
      <div class="overview-columns">
        {(['a', 'b'] as const).map((side) => (
          <div key={side}>
            <h4>Only in {names[side]}</h4>
            {unmatched[side].length === 0 ? (
              <p class="dim">None.</p>
            ) : (
              <ul class="address-list mono">
                {unmatched[side].slice(0, 200).map(({ id, method, url }) => (
                  <li key={id}>
                    {method} {url}
                  </li>
                ))}
              </ul>
            )}
            {unmatched[side].length > 200 && (
              <p class="dim">{plural(unmatched[side].length - 200, 'more request')}.</p>
            )}
          </div>
        ))}
      </div>
    </details>
  );
}
