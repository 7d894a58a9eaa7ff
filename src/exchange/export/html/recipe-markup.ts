import { RECIPES } from '../../../recipes';
import type { Block, Inline, Recipe, RecipeTab } from '../../../recipes/types';
import { html, joined, type Markup } from './markup';

/** A recipe with the fixes for the platforms that were recognised, or for all when none was. */
export function recipeMarkup(recipe: Recipe, platforms: readonly string[]): Markup {
  return html`${recipe.lead.map(block)}${recipe.sections.map(
    (section) =>
      html`<h4>${section.title}</h4>${section.blocks.map(block)}${fitting(section.tabs, platforms).map(
        (one) => html`<h5>${one.title}</h5>${one.blocks.map(block)}`,
      )}`,
  )}`;
}

function fitting(tabs: readonly RecipeTab[], platforms: readonly string[]): readonly RecipeTab[] {
  const chosen = tabs.filter(({ platform }) => platforms.includes(platform));
  return chosen.length > 0 ? chosen : tabs;
}

function block(one: Block): Markup {
  switch (one.type) {
    case 'paragraph':
      return html`<p>${one.inlines.map(inline)}</p>`;
    case 'list': {
      const items = one.items.map((item) => html`<li>${item.map(block)}</li>`);
      return one.ordered ? html`<ol>${items}</ol>` : html`<ul>${items}</ul>`;
    }
    case 'code':
      return html`${one.context ? html`<p class="dim">${one.language}, in ${one.context}:</p>` : null}<pre><code>${one.text}</code></pre>`;
    case 'quote':
      return html`<blockquote>${one.blocks.map(block)}</blockquote>`;
    case 'table':
      return html`<div class="scroll"><table><thead><tr>${one.header.map(
        (cell) => html`<th scope="col">${cell.map(inline)}</th>`,
      )}</tr></thead><tbody>${one.rows.map(
        (row) => html`<tr>${row.map((cell) => html`<td>${cell.map(inline)}</td>`)}</tr>`,
      )}</tbody></table></div>`;
  }
}

const IDS: ReadonlySet<string> = new Set(RECIPES.map(({ id }) => id));

function inline(one: Inline): Markup {
  switch (one.type) {
    case 'text':
      return html`${one.text}`;
    case 'code':
      return html`<code>${one.text}</code>`;
    case 'strong':
      return html`<strong>${one.inlines.map(inline)}</strong>`;
    case 'emphasis':
      return html`<em>${one.inlines.map(inline)}</em>`;
    case 'link': {
      const text = joined(one.inlines.map(inline));
      if (/^https:\/\//.test(one.href)) {
        return html`<a href="${one.href}" rel="noreferrer noopener">${text}</a>`;
      }
      const id = one.href.replace(/^recipe:/, '');
      // Other recipes are not in this file.
      return IDS.has(id) ? html`${text} (<code>streamgauge recipes ${id}</code>)` : text;
    }
  }
}
