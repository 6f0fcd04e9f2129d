// Values on their way between the server, where all are text, and a form.
import type { Field, Value, Values } from './model'

const part = (v: Value | undefined, name: string) => (typeof v === 'object' ? (v[name] ?? '') : '')

/** A value of the server as the form keeps it. */
export function toForm(f: Field, text: string): Value | undefined {
  if (text === '') return undefined
  switch (f.type) {
    case 'DATE':
      return text.slice(0, 10)
    case 'DATETIME':
      return { date: text.slice(0, 10), time: text.slice(11, 16) }
    case 'AGE':
      return { date: text.slice(0, 10) }
    case 'ORGANISATION_UNIT':
      return { id: text }
    case 'COORDINATE': {
      const [longitude = '', latitude = ''] = text.replace(/[[\]\s]/g, '').split(',')
      return { latitude, longitude }
    }
    default:
      return text
  }
}

/** A value of the form as the server keeps it; '' is none. */
export function toServer(f: Field, v: Value | undefined): string {
  if (v === undefined) return ''
  switch (f.type) {
    case 'DATETIME':
      return part(v, 'date') === '' ? '' : `${part(v, 'date')}T${part(v, 'time') || '00:00'}`
    case 'AGE':
      return part(v, 'date')
    case 'ORGANISATION_UNIT':
      return part(v, 'id')
    case 'COORDINATE':
      return part(v, 'longitude') === '' && part(v, 'latitude') === '' ? '' : `[${part(v, 'longitude')},${part(v, 'latitude')}]`
    default:
      return typeof v === 'string' ? v.trim() : ''
  }
}

const structured = ['DATETIME', 'AGE', 'ORGANISATION_UNIT', 'COORDINATE']

/**
 * A value that came from outside of the form, in the shape that the field's
 * type has; null where it has another one.
 */
export function accept(f: Field, v: unknown): Value | undefined | null {
  if (v === undefined || v === null || v === '') return undefined
  if (structured.includes(f.type)) {
    if (typeof v !== 'object' || Array.isArray(v)) return null
    const parts = Object.entries(v as object).map(([k, x]) => [k, String(x ?? '')])
    return Object.fromEntries(parts)
  }
  if (typeof v === 'string') return v
  return typeof v === 'number' || typeof v === 'boolean' ? String(v) : null
}

/** Which rule of its type a value breaks: the key of a text, or ''. */
export function broken(f: Field, v: Value | undefined): string {
  const text = toServer(f, v)
  if (text === '') return f.compulsory ? 'required' : ''
  if (f.options) return f.options.some((o) => o.code === text) ? '' : 'badOption'
  const n = Number(text)
  const whole = /^[+-]?\d+$/.test(text)
  switch (f.type) {
    case 'NUMBER':
      return /^[+-]?\d+(\.\d+)?$/.test(text) ? '' : 'badNumber'
    case 'INTEGER':
      return whole ? '' : 'badInteger'
    case 'INTEGER_POSITIVE':
      return whole && n > 0 ? '' : 'badPositive'
    case 'INTEGER_NEGATIVE':
      return whole && n < 0 ? '' : 'badNegative'
    case 'INTEGER_ZERO_OR_POSITIVE':
      return whole && n >= 0 ? '' : 'badZeroOrPositive'
    case 'PERCENTAGE':
      return whole && n >= 0 && n <= 100 ? '' : 'badPercentage'
    case 'UNIT_INTERVAL':
      return n >= 0 && n <= 1 ? '' : 'badUnitInterval'
    case 'DATE':
    case 'AGE':
      return isDay(text) ? '' : 'badDate'
    case 'DATETIME':
      return isDay(text.slice(0, 10)) && /T\d\d:\d\d$/.test(text) ? '' : 'badDate'
    case 'TIME':
      return /^([01]\d|2[0-3]):[0-5]\d$/.test(text) ? '' : 'badTime'
    case 'EMAIL':
      return /^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text) ? '' : 'badEmail'
    case 'PHONE_NUMBER':
      return /^\+?[\d\s()-]{6,50}$/.test(text) ? '' : 'badPhone'
    case 'BOOLEAN':
      return text === 'true' || text === 'false' ? '' : 'badBoolean'
    case 'TRUE_ONLY':
      return text === 'true' ? '' : 'badBoolean'
    default:
      return ''
  }
}

/** Is it a day of the calendar, written YYYY-MM-DD? */
export function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false
  const d = new Date(text + 'T00:00:00Z')
  return !Number.isNaN(d.getTime()) && d.toISOString().slice(0, 10) === text
}

/** How a value is shown where it cannot be changed. */
export function shown(f: Field, text: string, yes: string, no: string, unitName: (id: string) => string): string {
  if (f.options) return f.options.find((o) => o.code === text)?.name ?? text
  switch (f.type) {
    case 'BOOLEAN':
    case 'TRUE_ONLY':
      return text === 'true' ? yes : text === 'false' ? no : text
    case 'DATE':
    case 'AGE':
      return text.slice(0, 10)
    case 'ORGANISATION_UNIT':
      return unitName(text)
    default:
      return text
  }
}

/** The values of a form from what the server has. */
export function fromServer(fields: Field[], stored: { id: string; value: string }[]): Values {
  const byId = new Map(stored.map((s) => [s.id, s.value]))
  return Object.fromEntries(fields.map((f) => [f.id, toForm(f, byId.get(f.id) ?? '')]))
}

/**
 * What is to be written: what differs from what was there, an emptied value
 * as ''. A field that was not touched is not sent: what somebody else wrote
 * meanwhile stays.
 */
export function changes(fields: Field[], before: Values, now: Values): { id: string; value: string }[] {
  return fields
    .map((f) => ({ id: f.id, value: toServer(f, now[f.id]), old: toServer(f, before[f.id]) }))
    .filter((c) => c.value !== c.old)
    .map(({ id, value }) => ({ id, value }))
}
