/** Scripts of this project as text; made by script-plugin.ts. */
declare module 'virtual:script/*' {
  const source: string;
  export default source;
}

/** Recipes; made by recipe-plugin.ts. */
declare module '*.md' {
  const recipe: import('../recipes/types').Recipe;
  export default recipe;
}

/** Content scripts as crxjs gives them: the path of the built file. */
declare module '*?script&iife' {
  const path: string;
  export default path;
}
