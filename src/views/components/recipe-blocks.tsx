import { useState } from 'preact/hooks';
import type { Block, Inline, RecipeSection } from '../../recipes/types';
import { CopyButton } from './copy-button';
import { panelId, TabList, tabId } from './tabs';

/** Where the links of a page lead. */
export interface RecipeLinks {
  recipe(id: string): void;
  document(id: string): void;
}

interface FixProps {
  section: RecipeSection;
  /** Platforms that were recognised, best first: their tabs come first, marked. */
  recognised: readonly string[];
  /** The tab it opens on, where somebody asked for one. */
  platform?: string | null;
  /** Keeps ids unique where several recipes are on show. */
  name: string;
  links: RecipeLinks;
}

/** The fix of a recipe: a tab for each platform. */
export function Fix({ section, recognised, platform = null, name, links }: FixProps) {
  const first = recognised.flatMap((id) => section.tabs.find((tab) => tab.platform === id) ?? []);
  const tabs = [...first, ...section.tabs.filter((tab) => !first.includes(tab))];
  const [chosen, setChosen] = useState<string | null>(null);
  const selected = tabs.find((tab) => tab.platform === (chosen ?? platform)) ?? tabs[0];
  return (
    <>
      <Blocks blocks={section.blocks} links={links} />
      {selected && (
        <>
          <TabList
            class="platforms"
            name={name}
            label="Platforms"
            selected={selected.platform}
            onSelect={setChosen}
            tabs={tabs.map((tab) => ({
              id: tab.platform,
              label: first.includes(tab) ? (
                <span title="Recognised on the way of this stream">
                  {tab.title}
                  <span class="dot" aria-hidden="true" />
                  <span class="sr-only"> (recognised)</span>
                </span>
              ) : (
                tab.title
              ),
            }))}
          />
          <div
            role="tabpanel"
            id={panelId(name, selected.platform)}
            aria-labelledby={tabId(name, selected.platform)}
            class="platform-panel"
          >
            <Blocks key={selected.platform} blocks={selected.blocks} links={links} />
          </div>
        </>
      )}
    </>
  );
}

export function Blocks({ blocks, links }: { blocks: readonly Block[]; links: RecipeLinks }) {
  return (
    <>
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} links={links} />
      ))}
    </>
  );
}

function BlockView({ block, links }: { block: Block; links: RecipeLinks }) {
  switch (block.type) {
    case 'paragraph':
      return (
        <p>
          <Inlines inlines={block.inlines} links={links} />
        </p>
      );
    case 'list': {
      const items = block.items.map((item, index) => (
        <li key={index}>
          <Blocks blocks={item} links={links} />
        </li>
      ));
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case 'code':
      return <CodeBlock text={block.text} language={block.language} context={block.context} />;
    case 'quote':
      return (
        <blockquote>
          <Blocks blocks={block.blocks} links={links} />
        </blockquote>
      );
    case 'table':
      return (
        <div class="table-scroll" tabIndex={0} role="group" aria-label="Table">
          <table>
            <thead>
              <tr>
                {block.header.map((cell, index) => (
                  <th key={index} scope="col">
                    <Inlines inlines={cell} links={links} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, index) => (
                <tr key={index}>
                  {row.map((cell, column) => (
                    <td key={column}>
                      <Inlines inlines={cell} links={links} />
                    </td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      );
  }
}

interface CodeBlockProps {
  text: string;
  language: string;
  /** The block of the configuration file it belongs into. */
  context?: string | undefined;
}

/** Code with a button that copies it; scrolls by keyboard where it is wide. */
function CodeBlock({ text, language, context }: CodeBlockProps) {
  const place = context ? `inside the ${context} block` : null;
  return (
    <div class={`code${place ? ' placed' : ''}`}>
      {place && (
        <p class="code-place">
          {language}, {place}
        </p>
      )}
      <pre tabIndex={0} aria-label={['Code', language, place].filter(Boolean).join(', ')} role="group">
        <code>{text}</code>
      </pre>
      <CopyButton small label="Copy code" text={() => text} />
    </div>
  );
}

function Inlines({ inlines, links }: { inlines: readonly Inline[]; links: RecipeLinks }) {
  return (
    <>
      {inlines.map((inline, index) => (
        <InlineView key={index} inline={inline} links={links} />
      ))}
    </>
  );
}

function InlineView({ inline, links }: { inline: Inline; links: RecipeLinks }) {
  switch (inline.type) {
    case 'text':
      return <>{inline.text}</>;
    case 'code':
      return <code>{inline.text}</code>;
    case 'strong':
      return (
        <strong>
          <Inlines inlines={inline.inlines} links={links} />
        </strong>
      );
    case 'emphasis':
      return (
        <em>
          <Inlines inlines={inline.inlines} links={links} />
        </em>
      );
    case 'link': {
      const content = <Inlines inlines={inline.inlines} links={links} />;
      const [, kind, id = ''] = /^(recipe|document):([\w-]+)$/.exec(inline.href) ?? [];
      if (kind) {
        return (
          <button
            type="button"
            class="link"
            onClick={() => (kind === 'recipe' ? links.recipe(id) : links.document(id))}
          >
            {content}
          </button>
        );
      }
      // Nothing but web addresses may leave the page.
      return /^https?:\/\//.test(inline.href) ? (
        <a href={inline.href} target="_blank" rel="noreferrer noopener">
          {content}
        </a>
      ) : (
        content
      );
    }
  }
}
