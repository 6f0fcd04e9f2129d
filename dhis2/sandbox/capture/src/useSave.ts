import { useRef, useState } from 'react'
import { Refusal } from './dhis2'
import type { Field } from './model'
import { fill, type Texts } from './texts'

/**
 * One request at a time: a second click on a button while the first is on its
 * way does nothing.
 */
export function useSave(): { busy: boolean; error: unknown; run: (job: () => Promise<void>) => Promise<void> } {
  const [busy, setBusy] = useState(false)
  const [error, setError] = useState<unknown>(null)
  const running = useRef(false)
  const run = async (job: () => Promise<void>) => {
    if (running.current) return
    running.current = true
    setBusy(true)
    setError(null)
    try {
      await job()
    } catch (e) {
      setError(e)
    } finally {
      running.current = false
      setBusy(false)
    }
  }
  return { busy, error, run }
}

/** The server's complaints by the field that they name. */
export function byField(error: unknown, fields: Field[], t: Texts): { [id: string]: string[] } {
  const found: { [id: string]: string[] } = {}
  if (!(error instanceof Refusal)) return found
  for (const c of error.complaints) {
    const f = fields.find((x) => c.args.includes(x.id))
    if (f) found[f.id] = [...(found[f.id] ?? []), c.code === 'E1064' ? fill(t.taken, f.name) : `${f.name}: ${c.message} (${c.code})`]
  }
  return found
}
