import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { Block, Inline, Recipe, RecipeSection } from '../../recipes/types';
import { useModel } from './context';
import { CopyButton } from './copy-button';
import { panelId, TabList, tabId } from './tabs';

export interface RecipeViewProps {
  recipe: Recipe;
  /** Platforms that were recognised, best first: the tab it opens on. */
  platforms: readonly string[];
  /** Keeps ids unique where several recipes are on show. */
  name: string;
}

/** A recipe: the fix first, on the tab of the recognised platform, and what explains it below, to be opened. */
export function RecipeView({ recipe: given, platforms, name }: RecipeViewProps) {
  const { features } = useModel();
  const [otherId, setOtherId] = useState<string | null>(null);
  const recipe = (otherId && features.recipeOf(otherId)) || given;
  const open = (id: string) => {
    if (features.recipeOf(id)) setOtherId(id === given.id ? null : id);
  };
  const fix = recipe.sections.find((section) => section.role === 'fix');
  const others = recipe.sections.filter((section) => section !== fix && section.role !== 'see');
  return (
    <section class="card recipe" aria-label={`Recipe: ${recipe.title}`}>
      <header class="recipe-head">
        <h3>{recipe === given ? 'How to fix it' : recipe.title}</h3>
        {recipe !== given && (
          <button type="button" class="link" onClick={() => setOtherId(null)}>
            Back
          </button>
        )}
      </header>
      {recipe !== given && <Blocks blocks={recipe.lead} onRecipe={open} />}
      {fix && <Fix key={recipe.id} section={fix} platforms={platforms} name={name} onRecipe={open} />}
      {others.map((section) => (
        <details key={`${recipe.id}-${section.title}`} class="recipe-section">
          <summary>{section.title}</summary>
          <Blocks blocks={section.blocks} onRecipe={open} />
          {section.tabs.map((tab) => (
            <Fragment key={tab.platform}>
              <h4>{tab.title}</h4>
              <Blocks blocks={tab.blocks} onRecipe={open} />
            </Fragment>
          ))}
        </details>
      ))}
    </section>
  );
}

function Fix(props: {
  section: RecipeSection;
  platforms: readonly string[];
  name: string;
  onRecipe(id: string): void;
}) {
  const { section, platforms, name, onRecipe } = props;
  const recognised = platforms.flatMap((id) => section.tabs.find((tab) => tab.platform === id) ?? []);
  const tabs = [...recognised, ...section.tabs.filter((tab) => !recognised.includes(tab))];
  const [chosen, setChosen] = useState<string | null>(null);
  const selected = tabs.find((tab) => tab.platform === chosen) ?? tabs[0];
  return (
    <>
      <Blocks blocks={section.blocks} onRecipe={onRecipe} />
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
              label: recognised.includes(tab) ? (
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
            <Blocks key={selected.platform} blocks={selected.blocks} onRecipe={onRecipe} />
          </div>
        </>
      )}
    </>
  );
}

interface BlocksProps {
  blocks: readonly Block[];
  onRecipe(id: string): void;
}

function Blocks({ blocks, onRecipe }: BlocksProps) {
  return (
    <>
      {blocks.map((block, index) => (
        <BlockView key={index} block={block} onRecipe={onRecipe} />
      ))}
    </>
  );
}

function BlockView({ block, onRecipe }: { block: Block; onRecipe(id: string): void }) {
  switch (block.type) {
    case 'paragraph':
      return (
        <p>
          <Inlines inlines={block.inlines} onRecipe={onRecipe} />
        </p>
      );
    case 'list': {
      const items = block.items.map((item, index) => (
        <li key={index}>
          <Blocks blocks={item} onRecipe={onRecipe} />
        </li>
      ));
      return block.ordered ? <ol>{items}</ol> : <ul>{items}</ul>;
    }
    case 'code':
      return <CodeBlock text={block.text} language={block.language} />;
    case 'quote':
      return (
        <blockquote>
          <Blocks blocks={block.blocks} onRecipe={onRecipe} />
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
                    <Inlines inlines={cell} onRecipe={onRecipe} />
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {block.rows.map((row, index) => (
                <tr key={index}>
                  {row.map((cell, column) => (
                    <td key={column}>
                      <Inlines inlines={cell} onRecipe={onRecipe} />
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

/** Code with a button that copies it; scrolls by keyboard where it is wide. */
export function CodeBlock({ text, language }: { text: string; language: string }) {
  return (
    <div class="code">
      <pre tabIndex={0} aria-label={language ? `Code, ${language}` : 'Code'} role="group">
        <code>{text}</code>
      </pre>
      <CopyButton small label="Copy code" text={() => text} />
    </div>
  );
}

function Inlines({ inlines, onRecipe }: { inlines: readonly Inline[]; onRecipe(id: string): void }) {
  return (
    <>
      {inlines.map((inline, index) => (
        <InlineView key={index} inline={inline} onRecipe={onRecipe} />
      ))}
    </>
  );
}

function InlineView({ inline, onRecipe }: { inline: Inline; onRecipe(id: string): void }) {
  switch (inline.type) {
    case 'text':
      return <>{inline.text}</>;
    case 'code':
      return <code>{inline.text}</code>;
    case 'strong':
      return (
        <strong>
          <Inlines inlines={inline.inlines} onRecipe={onRecipe} />
        </strong>
      );
    case 'emphasis':
      return (
        <em>
          <Inlines inlines={inline.inlines} onRecipe={onRecipe} />
        </em>
      );
    case 'link': {
      const content = <Inlines inlines={inline.inlines} onRecipe={onRecipe} />;
      const recipe = /^recipe:([\w-]+)$/.exec(inline.href)?.[1];
      if (recipe) {
        return (
          <button type="button" class="link" onClick={() => onRecipe(recipe)}>
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
