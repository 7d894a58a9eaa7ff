import { useComputed } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { Severity } from '../../diagnose/rule';
import { recipeText } from '../../recipes/text';
import type { Recipe } from '../../recipes/types';
import { plural } from '../format';
import { type Place, type ShelfEntry, shelfEntries, shelfPlatforms } from '../model/recipe-shelf';
import { severityRank } from '../model/stream-row';
import { useModel } from './context';
import { CopyButton } from './copy-button';
import { EmptyState } from './empty-state';
import { Icon, SeverityIcon } from './icons';
import { Blocks, Fix, type RecipeLinks } from './recipe-blocks';
import { noRecipeText } from './recipe-view';
import { useWidth } from './use-width';

/** Under this width the list and the page take turns. */
const BESIDE_FROM_PX = 640;
const LIST_ID = 'recipe-list';

interface Seen {
  count: number;
  severity: Severity;
}

/**
 * All recipes and documents over the streams: a search line with a list (an ARIA combobox, so that the arrows move in
 * the list while somebody types), and the page chosen in it.
 */
export function RecipeBrowser() {
  const model = useModel();
  const { recipes: shelf, features } = model;
  const { library } = features;
  const root = useRef<HTMLElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const page = useRef<HTMLDivElement>(null);
  const beside = useWidth(root) >= BESIDE_FROM_PX;
  const query = shelf.query.value;
  const platform = shelf.platform.value;
  const place = shelf.place.value;
  const entries = useMemo(() => shelfEntries(library, query, platform), [library, query, platform]);
  const platforms = useMemo(() => shelfPlatforms(library), [library]);
  const seen = useSeen();
  const [moved, setMoved] = useState<number | null>(null);
  const placeAt = entries.findIndex((one) => samePlace(one, place));
  const active = moved === null ? placeAt : Math.min(moved, entries.length - 1);

  useEffect(() => {
    if (!beside || shelf.place.peek()) return;
    // Beside the list there is room for a page: the one that this recording asks for most.
    const id = model.recording.diagnosis.findings[0]?.recipe ?? library.recipes[0]?.id;
    if (id) shelf.choose({ kind: 'recipe', id });
  }, [beside]);
  // Whoever opened it gets the focus back.
  useEffect(() => {
    const opener = document.activeElement;
    if (beside || !shelf.place.peek()) search.current?.focus();
    else page.current?.focus();
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus();
    };
  }, []);
  useEffect(() => {
    root.current?.querySelector('.recipe-option.active')?.scrollIntoView({ block: 'nearest' });
  }, [active, entries]);
  useEffect(() => {
    if (!page.current) return;
    page.current.scrollTop = 0;
    // The link or the button that led here is gone, and the focus with it.
    if (document.activeElement === document.body) page.current.focus();
  }, [place]);

  const go = (index: number) => {
    const at = Math.max(0, Math.min(entries.length - 1, index));
    setMoved(at);
    const entry = entries[at];
    if (beside && entry) shelf.choose(entry);
  };
  const open = (entry: ShelfEntry | undefined) => {
    if (!entry) return;
    setMoved(null);
    shelf.choose(entry);
    requestAnimationFrame(() => page.current?.focus());
  };
  const onSearchKey = (event: KeyboardEvent) => {
    if (event.key === 'ArrowDown') go(active + 1);
    else if (event.key === 'ArrowUp') go(active < 0 ? entries.length - 1 : active - 1);
    else if (event.key === 'PageDown') go(active + 10);
    else if (event.key === 'PageUp') go(active - 10);
    else if (event.key === 'Enter') open(entries[Math.max(active, 0)]);
    else if (event.key === 'Escape' && query) ask('');
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const ask = (line: string) => {
    shelf.query.value = line;
    setMoved(line.trim() ? 0 : null);
    // The best page is shown while somebody types, where there is room beside the list.
    const [best] = shelfEntries(library, line, platform);
    if (beside && line.trim() && best) shelf.choose(best);
  };
  const shown =
    place && (place.kind === 'recipe' ? library.recipeOf(place.id) : library.documentOf(place.id));
  const showsList = beside || place === null;
  return (
    <section
      class={`recipe-browser${beside ? ' beside' : ''}`}
      aria-label="Recipes"
      ref={root}
      onKeyDown={(event) => {
        if (event.key === 'Escape') shelf.close();
        else if (event.key === 'ArrowLeft' && event.altKey) shelf.back();
        else return;
        event.preventDefault();
        event.stopPropagation();
      }}
    >
      {showsList && (
        <div class="recipe-side">
          <div class="recipe-search">
            <input
              ref={search}
              type="text"
              class="text-field"
              role="combobox"
              spellcheck={false}
              autocomplete="off"
              placeholder="Search recipes"
              aria-label="Search recipes"
              aria-expanded="true"
              aria-controls={LIST_ID}
              aria-autocomplete="list"
              aria-activedescendant={active >= 0 ? `recipe-option-${active}` : undefined}
              value={query}
              onInput={(event) => ask(event.currentTarget.value)}
              onKeyDown={onSearchKey}
            />
            <select
              aria-label="Platform"
              value={platform ?? ''}
              onChange={(event) => {
                shelf.platform.value = event.currentTarget.value || null;
                setMoved(null);
              }}
            >
              <option value="">Every platform</option>
              {platforms.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.title} ({one.count})
                </option>
              ))}
            </select>
            {!beside && <CloseButton />}
          </div>
          <div class="recipe-list" role="listbox" id={LIST_ID} aria-label="Recipes and documents">
            {(['recipe', 'document'] as const).map((kind) => {
              const group = entries.filter((one) => one.kind === kind);
              if (group.length === 0) return null;
              return (
                <div key={kind} role="group" aria-labelledby={`recipe-group-${kind}`}>
                  <div class="recipe-group" id={`recipe-group-${kind}`} role="presentation">
                    {kind === 'recipe' ? 'Recipes' : 'Reports they answer'} <span>{group.length}</span>
                  </div>
                  {group.map((entry) => {
                    const index = entries.indexOf(entry);
                    return (
                      <Option
                        key={`${entry.kind} ${entry.id}`}
                        entry={entry}
                        index={index}
                        active={index === active}
                        seen={entry.kind === 'recipe' ? seen.value.get(entry.id) : undefined}
                        onOpen={() => {
                          setMoved(null);
                          shelf.choose(entry);
                        }}
                      />
                    );
                  })}
                </div>
              );
            })}
          </div>
          {entries.length === 0 && (
            <div class="recipe-none">
              <p>No recipe holds these words{platform ? ' and a fix for this platform' : ''}.</p>
              <button
                type="button"
                class="link"
                onClick={() => {
                  shelf.platform.value = null;
                  ask('');
                  search.current?.focus();
                }}
              >
                Show all
              </button>
            </div>
          )}
          <p class="sr-only" role="status">
            {plural(entries.length, 'page')} found
          </p>
        </div>
      )}
      {(beside || place !== null) && (
        <div class="recipe-main">
          <div class="recipe-bar">
            {!beside && (
              <button type="button" class="tool-button" onClick={() => shelf.choose(null)}>
                <Icon name="left" />
                All recipes
              </button>
            )}
            {shelf.trail.value.length > 0 && (
              <button
                type="button"
                class="tool-button"
                title="Back to the page before (Alt and left arrow)"
                onClick={() => shelf.back()}
              >
                <Icon name="left" />
                Back
              </button>
            )}
            <span class="spacer" />
            {shown && (
              <CopyButton
                small
                label="Copy this page as text"
                text={() => recipeText(shown, { width: 100 })}
              />
            )}
            <CloseButton />
          </div>
          <div class="recipe-page scroll" ref={page} tabIndex={0} role="group" aria-label="Recipe">
            <Page place={place} platform={platform} seen={seen.value} />
          </div>
        </div>
      )}
    </section>
  );
}

function CloseButton() {
  const { recipes } = useModel();
  return (
    <button
      type="button"
      class="icon-button"
      aria-label="Close the recipes"
      title="Close the recipes (Esc)"
      onClick={() => recipes.close()}
    >
      <Icon name="close" />
    </button>
  );
}

interface OptionProps {
  entry: ShelfEntry;
  index: number;
  active: boolean;
  seen: Seen | undefined;
  onOpen(): void;
}

function Option({ entry, index, active, seen, onOpen }: OptionProps) {
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the search line takes the keys
    <div
      id={`recipe-option-${index}`}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      class={`recipe-option${active ? ' active' : ''}`}
      onMouseDown={(event) => event.preventDefault()}
      onClick={onOpen}
    >
      <span class="recipe-option-title">{entry.title}</span>
      <code>{entry.kind === 'recipe' ? entry.id : `${entry.id}.txt`}</code>
      {seen && (
        <span class={`badge ${seen.severity}`} title="Findings in this recording">
          <SeverityIcon severity={seen.severity} />
          {seen.count}
          <span class="sr-only"> in this recording</span>
        </span>
      )}
    </div>
  );
}

interface PageProps {
  place: Place | null;
  platform: string | null;
  seen: ReadonlyMap<string, Seen>;
}

function Page({ place, platform, seen }: PageProps) {
  const model = useModel();
  const { library } = model.features;
  const links: RecipeLinks = {
    recipe: (id) => model.recipes.follow({ kind: 'recipe', id }),
    document: (id) => model.recipes.follow({ kind: 'document', id }),
  };
  if (!place) {
    return (
      <EmptyState title="Every finding has a recipe.">
        <p>
          Choose one in the list: what one sees, why, how to make sure, the fix for each platform, and how to
          check it.
        </p>
      </EmptyState>
    );
  }
  if (place.kind === 'document') {
    const page = library.documentOf(place.id);
    if (!page) return <EmptyState title={`There is no page on the document “${place.id}”.`} />;
    return (
      <PageBody key={page.id} page={page} name={page.file} seen={undefined} platform={null} links={links} />
    );
  }
  const recipe = library.recipeOf(place.id);
  if (!recipe) return <EmptyState title={noRecipeText(place.id)} />;
  return (
    <PageBody
      key={recipe.id}
      page={recipe}
      name={recipe.id}
      seen={seen.get(recipe.id)}
      platform={platform}
      links={links}
    />
  );
}

interface PageBodyProps {
  page: Recipe;
  /** Id of the recipe, or file name of the document. */
  name: string;
  seen: Seen | undefined;
  platform: string | null;
  links: RecipeLinks;
}

function PageBody({ page, name, seen, platform, links }: PageBodyProps) {
  const model = useModel();
  return (
    <article class="recipe full">
      <header class="recipe-title">
        <h2>{page.title}</h2>
        <p class="finding-meta">
          <code>{name}</code>
          {seen && (
            <>
              <span aria-hidden="true"> · </span>
              <span class={`severity ${seen.severity}`}>
                <SeverityIcon severity={seen.severity} />
                {plural(seen.count, 'finding')} in this recording
              </span>
              <button
                type="button"
                class="link"
                onClick={() => {
                  model.filterText.value = `finding:${page.id}`;
                  model.recipes.close();
                }}
              >
                Show its streams
              </button>
            </>
          )}
        </p>
      </header>
      <div class="recipe-lead">
        <Blocks blocks={page.lead} links={links} />
      </div>
      {page.sections.map((section) => (
        <section key={section.title}>
          <h3>{section.title}</h3>
          {section.tabs.length > 0 ? (
            <Fix
              key={platform}
              section={section}
              recognised={[]}
              platform={platform}
              name="recipe-page"
              links={links}
            />
          ) : (
            <Blocks blocks={section.blocks} links={links} />
          )}
        </section>
      ))}
    </article>
  );
}

/** Findings of this recording by recipe: how many, and the worst. */
function useSeen() {
  const model = useModel();
  return useComputed(() => {
    void model.revision.value;
    const seen = new Map<string, Seen>();
    for (const finding of model.recording.diagnosis.findings) {
      const known = seen.get(finding.recipe);
      if (!known) seen.set(finding.recipe, { count: 1, severity: finding.severity });
      else {
        known.count += 1;
        if (severityRank(finding.severity) > severityRank(known.severity)) known.severity = finding.severity;
      }
    }
    return seen;
  });
}

function samePlace(one: Place, other: Place | null): boolean {
  return one.kind === other?.kind && one.id === other.id;
}
