// The Web API of the server that this page comes from.
import type { Attribute, Field, Program, TrackedEntity, Unit } from './model'

/** The page lies one folder below the server's root, as Capture does. */
export const base = new URL('..', location.href).href.replace(/\/$/, '')

/** One complaint of the server. It names the field where it concerns one. */
export interface Complaint {
  code: string
  message: string
  args: string[]
}

/** What the server did not do. status 0: it was not reached. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly complaints: Complaint[] = [],
  ) {
    super(message)
  }
}

async function call(method: string, path: string, body?: unknown): Promise<any> {
  let response: Response
  try {
    // With X-Requested-With the server's 401 opens no window of the browser
    // that asks for a password.
    const headers: Record<string, string> = { Accept: 'application/json', 'X-Requested-With': 'XMLHttpRequest' }
    const init: RequestInit = { method, credentials: 'same-origin', headers }
    if (body !== undefined) {
      headers['Content-Type'] = 'application/json'
      init.body = JSON.stringify(body)
    }
    response = await fetch(base + '/api/' + path, init)
  } catch {
    throw new Refusal(0, '')
  }
  let answer: any = null
  try {
    const text = await response.text()
    answer = text === '' ? null : JSON.parse(text)
  } catch {
    throw new Refusal(response.ok ? 502 : response.status, '')
  }
  if (!response.ok) {
    const reports = answer?.validationReport?.errorReports ?? []
    throw new Refusal(response.status, answer?.message ?? '', reports.map(complaint))
  }
  return answer
}

const complaint = (r: any): Complaint => ({ code: r.errorCode, message: r.message, args: r.args ?? [] })

const query = (parameters: Record<string, string>) => '?' + new URLSearchParams(parameters).toString()

/** Who is signed in, what the server is, and what may be chosen. */
export interface Context {
  user: { username: string; name: string; locale: string }
  version: string
  minor: number // 42 of 2.42
  zone: string
  today: string // of the server
  units: Unit[]
  programs: { id: string; name: string }[]
  forms: any // dataStore/capture/dataEntryForms, or null
}

export async function loadContext(): Promise<Context> {
  const [me, system, units, programs, forms] = await Promise.all([
    call('GET', 'me?fields=username,firstName,surname,organisationUnits[id,path],settings[keyUiLocale]'),
    call('GET', 'system/info'),
    call('GET', 'organisationUnits?paging=false&fields=id,name,path'),
    call('GET', 'programs?paging=false&fields=id,name&filter=programType:eq:WITH_REGISTRATION'),
    call('GET', 'dataStore/capture/dataEntryForms').catch((e: Refusal) => {
      if (e.status === 404) return null
      throw e
    }),
  ])
  const roots: string[] = me.organisationUnits.map((u: Unit) => u.path)
  return {
    user: { username: me.username, name: [me.firstName, me.surname].filter(Boolean).join(' '), locale: me.settings?.keyUiLocale ?? '' },
    version: system.version,
    minor: Number(system.version.split('.')[1].replace(/\D.*/, '')),
    zone: system.serverTimeZoneId,
    today: system.serverDate.slice(0, 10),
    units: units.organisationUnits
      .filter((u: Unit) => roots.some((r) => u.path === r || u.path.startsWith(r + '/')))
      .sort((a: Unit, b: Unit) => a.path.localeCompare(b.path)),
    programs: programs.programs,
    forms,
  }
}

export const saveLocale = (locale: string) => call('POST', 'userSettings/keyUiLocale' + query({ value: locale }))

const fieldOf = (e: any, compulsory: boolean): Field => ({
  id: e.id,
  name: e.name,
  code: e.code ?? '',
  type: e.valueType,
  options: e.optionSet ? e.optionSet.options : null,
  compulsory,
  unique: e.unique ?? false,
})

const element = 'id,name,code,valueType,unique,optionSet[id,options[code,name]]'

export async function loadProgram(id: string): Promise<Program> {
  const p = await call(
    'GET',
    `programs/${id}?fields=id,name,onlyEnrollOnce,trackedEntityType[id,name],` +
      `programTrackedEntityAttributes[mandatory,trackedEntityAttribute[${element}]],` +
      `programStages[id,name,repeatable,programStageDataElements[compulsory,dataElement[${element}]]]`,
  )
  return {
    id: p.id,
    name: p.name,
    type: p.trackedEntityType.id,
    typeName: p.trackedEntityType.name,
    onlyEnrollOnce: p.onlyEnrollOnce,
    fields: p.programTrackedEntityAttributes.map((a: any) => fieldOf(a.trackedEntityAttribute, a.mandatory)),
    stages: p.programStages.map((s: any) => ({
      id: s.id,
      name: s.name,
      repeatable: s.repeatable,
      fields: (s.programStageDataElements ?? []).map((e: any) => fieldOf(e.dataElement, e.compulsory)),
    })),
  }
}

const document = 'trackedEntity,trackedEntityType,orgUnit,updatedAt,attributes[attribute,value]'
const enrollments =
  'enrollments[enrollment,program,orgUnit,enrolledAt,status,attributes[attribute,value],' +
  'events[event,programStage,orgUnit,occurredAt,status,dataValues[dataElement,value]]]'

export interface Page {
  rows: TrackedEntity[]
  more: boolean
}

/** One page of the tracked entities of a program in an organisation unit. */
export async function list(c: Context, program: string, unit: string, page: number): Promise<Page> {
  const size = 50
  const where: Record<string, string> = c.minor <= 40 ? { orgUnit: unit, ouMode: 'SELECTED' } : { orgUnits: unit, orgUnitMode: 'SELECTED' }
  const answer = await call(
    'GET',
    'tracker/trackedEntities' +
      query({ ...where, program, fields: document + ',enrollments[enrollment,program,status]', order: 'updatedAt:desc', page: String(page), pageSize: String(size) }),
  )
  const rows = (answer.trackedEntities ?? answer.instances).map(whole)
  return { rows, more: rows.length === size }
}

/** A tracked entity with the enrollments and events of a program. */
export const load = async (trackedEntity: string, program: string): Promise<TrackedEntity> =>
  whole(await call('GET', `tracker/trackedEntities/${trackedEntity}` + query({ program, fields: document + ',' + enrollments })))

// The server leaves out lists that are empty.
const whole = (te: any): TrackedEntity => ({
  ...te,
  attributes: te.attributes ?? [],
  enrollments: (te.enrollments ?? []).map((en: any) => ({
    ...en,
    attributes: en.attributes ?? [],
    events: (en.events ?? []).map((ev: any) => ({ ...ev, dataValues: ev.dataValues ?? [] })),
  })),
})

/** The attributes of a tracked entity in a program, wherever they stand. */
export function attributesOf(te: TrackedEntity): Attribute[] {
  const all = new Map(te.attributes.map((a) => [a.attribute, a]))
  for (const en of te.enrollments) for (const a of en.attributes) all.set(a.attribute, a)
  return [...all.values()]
}

/**
 * A UID for something new. The form chooses it once, so that saving again
 * after an answer was lost makes no second one.
 */
export function newUid(): string {
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
  const one = (n: number): string => {
    const [r = 0] = crypto.getRandomValues(new Uint8Array(1))
    return r < 256 - (256 % n) ? letters[r % n]! : one(n)
  }
  return one(52) + Array.from({ length: 10 }, () => one(62)).join('')
}

/** Writes all of a payload, or throws a Refusal. */
export async function write(payload: object, strategy = 'CREATE_AND_UPDATE'): Promise<void> {
  const report = await call('POST', 'tracker' + query({ async: 'false', importStrategy: strategy }), payload)
  if (report.status === 'ERROR' || report.stats.ignored > 0) {
    throw new Refusal(409, '', report.validationReport.errorReports.map(complaint))
  }
}
