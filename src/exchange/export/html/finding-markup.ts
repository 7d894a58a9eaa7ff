import type { Evidence, Finding } from '../../../diagnose/rule';
import { formatEvidence } from '../../../lib/format';
import { recipeOf } from '../../../recipes';
import { html, type Markup } from './markup';
import { recipeMarkup } from './recipe-markup';

/** Severity by shape, beside its colour. */
export const SIGNS: Record<Finding['severity'], string> = { error: '■', warning: '▲', info: '●' };

export function signMarkup(sign: string): Markup {
  return html`<span class="sign" aria-hidden="true">${sign}</span>`;
}

/** The measured values, with their limits; `hide` takes secrets out. */
export function evidenceMarkup(
  evidence: readonly Evidence[],
  hide: (text: string) => string = (text) => text,
): Markup | null {
  if (evidence.length === 0) return null;
  const rows = evidence.map((one) => {
    const { value, limit } = formatEvidence(one);
    return html`<tr><th scope="row">${hide(one.label)}</th><td>${hide(value)}</td><td class="dim">${hide(limit)}</td></tr>`;
  });
  return html`<table><tbody>${rows}</tbody></table>`;
}

/** Folded away: what to do about it, for the platforms that were recognised. */
export function adviceMarkup(finding: Pick<Finding, 'recipe' | 'platforms'>): Markup | null {
  const recipe = recipeOf(finding.recipe);
  if (!recipe) return null;
  return html`<details><summary>How to fix it: ${recipe.title}</summary>${recipeMarkup(recipe, finding.platforms)}</details>`;
}
