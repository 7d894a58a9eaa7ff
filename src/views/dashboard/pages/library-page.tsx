import { useState } from 'preact/hooks';
import { hostOf } from '../../../diagnose/facts/endpoint';
import { EmptyState } from '../../components/empty-state';
import { Icon, SeverityIcon } from '../../components/icons';
import { formatBytes, formatCount, plural } from '../../format';
import { type Entry, tagsOf } from '../library/entry';
import type { Place } from '../library/library';
import { useDashboard } from '../model/context';
import { recordingRoute, roomText } from '../model/dashboard-model';
import { hashOf } from '../model/route';
import { OpenFiles } from './open-files';
import { Tags } from './tags';
import { formatDateTime, formatRate } from './words';

/** All recordings that are kept, with what is known of each without opening it. */
export function LibraryPage() {
  const model = useDashboard();
  const places = model.places.value;
  const [filter, setFilter] = useState('');
  if (places === null) return <EmptyState title="Reading the library…" />;
  if (places.length === 0) return <Empty />;
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = places.filter((place) => words.every((word) => haystack(place).includes(word)));
  const [a, b] = model.chosen.value;
  return (
    <section class="page library" aria-labelledby="library-title">
      <header class="page-head">
        <h2 id="library-title">Library</h2>
        <input
          type="search"
          class="text-field"
          aria-label="Search by name, note, tag or host"
          placeholder="Search"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <button
          type="button"
          class="pill"
          disabled={b === undefined}
          title={b === undefined ? 'Mark two recordings to compare them' : undefined}
          onClick={() => model.go({ page: 'compare', a: a ?? null, b: b ?? null })}
        >
          Compare the two marked
        </button>
        <span class="spacer" />
        <RoomLine />
      </header>
      {shown.length === 0 ? (
        <EmptyState
          title="No recording fits."
          action={
            <button type="button" class="pill" onClick={() => setFilter('')}>
              Show all {formatCount(places.length)}
            </button>
          }
        />
      ) : (
        <div class="page-scroll" tabIndex={0} role="group" aria-label="Recordings">
          <table class="data-table">
            <thead>
              <tr>
                <th scope="col">
                  <span class="sr-only">Mark for comparison</span>
                </th>
                <th scope="col">Name</th>
                <th scope="col">Page</th>
                <th scope="col">Recorded</th>
                <th scope="col" class="numeric">
                  Streams
                </th>
                <th scope="col" class="numeric">
                  Complete
                </th>
                <th scope="col">Findings</th>
                <th scope="col">Tags</th>
                <th scope="col" class="numeric">
                  Size
                </th>
                <th scope="col">
                  <span class="sr-only">Actions</span>
                </th>
              </tr>
            </thead>
            <tbody>
              {shown.map((place) =>
                place.state === 'whole' ? (
                  <EntryRow key={place.id} entry={place.entry} />
                ) : (
                  <DamagedRow key={place.id} place={place} />
                ),
              )}
            </tbody>
          </table>
        </div>
      )}
    </section>
  );
}

function Empty() {
  return (
    <EmptyState title="No recording yet." action={<OpenFiles isPill />}>
      <p>Drop trace or HAR files here, plain or gzip. They stay in this browser; nothing is sent anywhere.</p>
      <ul class="how-to">
        <li>
          In DevTools, choose the panel <strong>Streamgauge</strong>, record, and press{' '}
          <strong>Open in dashboard</strong> or <strong>Export</strong>.
        </li>
        <li>
          On the command line: <code>streamgauge record https://stage.example.org/chat --out stage.json</code>
        </li>
        <li>
          Or export a HAR from the Network panel of Chrome, Edge or Firefox, or record one with Playwright.
        </li>
      </ul>
    </EmptyState>
  );
}

function RoomLine() {
  const model = useDashboard();
  const room = model.room.value;
  if (!room) return null;
  return (
    <span class="room">
      {room.usedBytes !== null && room.quotaBytes !== null && (
        <meter
          min={0}
          max={room.quotaBytes}
          high={room.quotaBytes * 0.9}
          value={room.usedBytes}
          aria-label="Storage used"
        />
      )}
      <span class="dim number">{roomText(room)}</span>
      {!room.isPersistent && model.library.isLasting && (
        <button
          type="button"
          class="link"
          title="The browser may clear the library when the disk is short. Ask it not to."
          onClick={() => void model.persist()}
        >
          Keep it safe
        </button>
      )}
    </span>
  );
}

function EntryRow({ entry }: { entry: Entry }) {
  const model = useDashboard();
  const [mode, setMode] = useState<'shown' | 'edited' | 'deleted'>('shown');
  const { summary } = entry;
  const isChosen = model.chosen.value.includes(entry.id);
  if (mode === 'edited') return <EditRow entry={entry} done={() => setMode('shown')} />;
  return (
    <tr class={isChosen ? 'chosen' : ''}>
      <td>
        <input
          type="checkbox"
          aria-label={`Mark ${entry.name} for comparison`}
          checked={isChosen}
          onChange={(event) => model.choose(entry.id, event.currentTarget.checked)}
        />
      </td>
      <th scope="row" class="name-cell">
        <a href={hashOf(recordingRoute(entry.id))}>{entry.name}</a>
        {entry.note && (
          <span class="note-line dim" title={entry.note}>
            {entry.note}
          </span>
        )}
      </th>
      <td class="dim cut" title={summary.pageUrl ?? undefined}>
        {hostOf(summary.pageUrl) || '–'}
      </td>
      <td class="number">{formatDateTime(summary.recordedEpochMs)}</td>
      <td class="numeric">{formatCount(summary.streams)}</td>
      <td class="numeric">{formatRate(summary.completion)}</td>
      <td>
        <SeverityCounts severities={summary.severities} />
      </td>
      <td>
        <Tags tags={entry.tags} />
      </td>
      <td class="numeric">{formatBytes(entry.keptByteLength)}</td>
      <td class="actions">
        {mode === 'deleted' ? (
          <>
            <span>Delete it?</span>
            <button type="button" class="pill danger" onClick={() => void model.remove(entry.id, entry.name)}>
              Delete
            </button>
            <button type="button" class="pill" onClick={() => setMode('shown')}>
              Keep
            </button>
          </>
        ) : (
          <>
            <button type="button" class="link" onClick={() => setMode('edited')}>
              Edit<span class="sr-only"> {entry.name}</span>
            </button>
            <button
              type="button"
              class="icon-button"
              aria-label={`Delete ${entry.name}`}
              title="Delete"
              onClick={() => setMode('deleted')}
            >
              <Icon name="close" />
            </button>
          </>
        )}
      </td>
    </tr>
  );
}

function EditRow({ entry, done }: { entry: Entry; done(): void }) {
  const model = useDashboard();
  const [name, setName] = useState(entry.name);
  const [note, setNote] = useState(entry.note);
  const [tags, setTags] = useState(entry.tags.join(', '));
  return (
    <tr class="edit-row">
      <td colSpan={10}>
        <form
          aria-label={`Edit ${entry.name}`}
          onSubmit={(event) => {
            event.preventDefault();
            void model.describe(entry, { name, note, tags: tagsOf(tags) }).then(done);
          }}
          onKeyDown={(event) => {
            if (event.key === 'Escape') done();
          }}
        >
          <label>
            Name
            <input
              class="text-field"
              value={name}
              maxLength={200}
              ref={(field) => {
                if (field && !field.dataset.focused) {
                  field.dataset.focused = 'yes';
                  field.focus();
                }
              }}
              onInput={(event) => setName(event.currentTarget.value)}
            />
          </label>
          <label>
            Tags, separated by commas
            <input class="text-field" value={tags} onInput={(event) => setTags(event.currentTarget.value)} />
          </label>
          <label class="wide">
            Note
            <textarea
              class="text-field"
              rows={2}
              maxLength={10_000}
              value={note}
              onInput={(event) => setNote(event.currentTarget.value)}
            />
          </label>
          <span class="form-buttons">
            <button type="submit" class="pill primary">
              Save
            </button>
            <button type="button" class="pill" onClick={done}>
              Cancel
            </button>
          </span>
        </form>
      </td>
    </tr>
  );
}

function DamagedRow({ place }: { place: Extract<Place, { state: 'damaged' }> }) {
  const model = useDashboard();
  return (
    <tr class="damaged">
      <td />
      <th scope="row" class="name-cell">
        {place.name}
      </th>
      <td colSpan={7}>
        <SeverityIcon severity="error" /> It cannot be opened. {place.reason} The others are untouched.
      </td>
      <td class="actions">
        <button type="button" class="pill danger" onClick={() => void model.remove(place.id, place.name)}>
          Delete<span class="sr-only"> {place.name}</span>
        </button>
      </td>
    </tr>
  );
}

export function SeverityCounts({ severities }: { severities: Entry['summary']['severities'] }) {
  const { error, warning } = severities;
  if (error + warning === 0) return <span class="dim">none</span>;
  return (
    <span class="severities">
      {error > 0 && (
        <span>
          <SeverityIcon severity="error" /> {plural(error, 'error')}
        </span>
      )}
      {warning > 0 && (
        <span>
          <SeverityIcon severity="warning" /> {plural(warning, 'warning')}
        </span>
      )}
    </span>
  );
}

function haystack(place: Place): string {
  if (place.state === 'damaged') return place.name.toLowerCase();
  const { name, note, tags, summary, file } = place.entry;
  return [name, note, ...tags, summary.pageUrl ?? '', file.name].join('\n').toLowerCase();
}
