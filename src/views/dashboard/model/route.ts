/** What is shown, as the address after `#` says it: so that Back, reload and bookmarks work. */
export type Route =
  | { page: 'library' }
  | { page: 'recording'; id: string; view: 'overview' | 'streams'; filter: string }
  | { page: 'compare'; a: string | null; b: string | null }
  | { page: 'over-time'; endpoint: string | null };

const ID = /^[\w-]{1,64}$/;

/** Anything that cannot be read is the library. */
export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page = '', ...rest] = path.split('/');
  const values = new URLSearchParams(query);
  if (page === 'recording' && ID.test(rest[0] ?? '')) {
    return {
      page,
      id: rest[0]!,
      view: rest[1] === 'streams' ? 'streams' : 'overview',
      filter: values.get('filter') ?? '',
    };
  }
  if (page === 'compare') {
    const id = (text: string | null) => (text !== null && ID.test(text) ? text : null);
    return { page, a: id(values.get('a')), b: id(values.get('b')) };
  }
  if (page === 'over-time') return { page, endpoint: values.get('endpoint') };
  return { page: 'library' };
}

export function hashOf(route: Route): string {
  switch (route.page) {
    case 'library':
      return '#/';
    case 'recording':
      return `#/recording/${route.id}${route.view === 'streams' ? '/streams' : ''}${queryOf({ filter: route.filter || null })}`;
    case 'compare':
      return `#/compare${queryOf({ a: route.a, b: route.b })}`;
    case 'over-time':
      return `#/over-time${queryOf({ endpoint: route.endpoint })}`;
  }
}

function queryOf(values: Record<string, string | null>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value !== null) query.set(name, value);
  const text = query.toString();
  return text && `?${text}`;
}
