import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { Recipe } from '../../recipes/types';
import { useModel } from './context';
import { Blocks, Fix, type RecipeLinks } from './recipe-blocks';

export interface RecipeViewProps {
  recipe: Recipe;
  /** Platforms that were recognised, best first: the tab it opens on. */
  platforms: readonly string[];
  /** Keeps ids unique where several recipes are on show. */
  name: string;
}

/** A recipe beside its finding: the fix first, on the tab of the recognised platform, the rest below, to be opened. */
export function RecipeView({ recipe: given, platforms, name }: RecipeViewProps) {
  const { features, recipes } = useModel();
  const [otherId, setOtherId] = useState<string | null>(null);
  const recipe = (otherId && features.recipeOf(otherId)) || given;
  const links: RecipeLinks = {
    recipe: (id) => {
      // The browser says so when there is no such recipe.
      if (features.recipeOf(id)) setOtherId(id === given.id ? null : id);
      else recipes.show({ kind: 'recipe', id });
    },
    document: (id) => recipes.show({ kind: 'document', id }),
  };
  const fix = recipe.sections.find((section) => section.role === 'fix');
  const others = recipe.sections.filter((section) => section !== fix && section.role !== 'see');
  return (
    <section class="card recipe" aria-label={`Recipe: ${recipe.title}`}>
      <header class="recipe-head">
        <h3>{recipe === given ? 'How to fix it' : recipe.title}</h3>
        <span class="spacer" />
        {recipe !== given && (
          <button type="button" class="link" onClick={() => setOtherId(null)}>
            Back
          </button>
        )}
        <button
          type="button"
          class="link"
          title="Open this recipe among all of them"
          onClick={() => recipes.show({ kind: 'recipe', id: recipe.id })}
        >
          All recipes
        </button>
      </header>
      {recipe !== given && <Blocks blocks={recipe.lead} links={links} />}
      {fix && <Fix key={recipe.id} section={fix} recognised={platforms} name={name} links={links} />}
      {others.map((section) => (
        <details key={`${recipe.id}-${section.title}`} class="recipe-section">
          <summary>{section.title}</summary>
          <Blocks blocks={section.blocks} links={links} />
          {section.tabs.map((tab) => (
            <Fragment key={tab.platform}>
              <h4>{tab.title}</h4>
              <Blocks blocks={tab.blocks} links={links} />
            </Fragment>
          ))}
        </details>
      ))}
    </section>
  );
}

/** Stands where a finding names a recipe that this build does not have. */
export function NoRecipe({ id }: { id: string }) {
  return <p class="inline-note">{noRecipeText(id)}</p>;
}

export function noRecipeText(id: string): string {
  return `There is no recipe “${id}” in this version of Streamgauge.`;
}
