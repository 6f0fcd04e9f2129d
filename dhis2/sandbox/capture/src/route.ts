// Pages by the part of the address behind #, with the names that Capture
// uses. Only identifiers of documents stand there.
import { useEffect, useState } from 'react'

export interface Route {
  page: string // '', new, enrollment, enrollmentEventNew, enrollmentEventEdit
  orgUnitId: string
  programId: string
  teiId: string
  enrollmentId: string
  stageId: string
  eventId: string
}

const names = ['orgUnitId', 'programId', 'teiId', 'enrollmentId', 'stageId', 'eventId'] as const

export function read(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?')
  const q = new URLSearchParams(search)
  const route: Route = { page: path, orgUnitId: '', programId: '', teiId: '', enrollmentId: '', stageId: '', eventId: '' }
  for (const n of names) route[n] = q.get(n) ?? ''
  return route
}

export function address(r: Partial<Route>): string {
  const q = new URLSearchParams()
  for (const n of names) if (r[n]) q.set(n, r[n])
  return `#/${r.page ?? ''}?${q}`
}

export const go = (r: Partial<Route>) => {
  location.hash = address(r)
}

export function useRoute(): Route {
  const [route, setRoute] = useState(() => read(location.hash))
  useEffect(() => {
    const follow = () => setRoute(read(location.hash))
    window.addEventListener('hashchange', follow)
    return () => window.removeEventListener('hashchange', follow)
  }, [])
  return route
}
