// Who is registered in an organisation unit.
import { useState } from 'react'
import { attributesOf, list, type Context } from './dhis2'
import type { Program } from './model'
import { Heading, Trouble, useLoaded } from './parts'
import { address } from './route'
import { fill, statusText, type Texts } from './texts'
import { shown } from './values'

export function People({ c, t, program, unit }: { c: Context; t: Texts; program: Program; unit: string }) {
  const [page, setPage] = useState(1)
  const [filter, setFilter] = useState('')
  const { value, error, again } = useLoaded(`${program.id} ${unit} ${page}`, () => list(c, program.id, unit, page))
  const columns = program.fields.filter((f) => f.type !== 'LONG_TEXT').slice(0, 6)
  const unitName = (id: string) => c.units.find((u) => u.id === id)?.name ?? id
  const rows = (value?.rows ?? []).map((te) => {
    const stored = new Map(attributesOf(te).map((a) => [a.attribute, a.value]))
    const cells = columns.map((f) => shown(f, stored.get(f.id) ?? '', t.yes, t.no, unitName))
    return { te, cells, enrollment: te.enrollments.find((en) => en.status === 'ACTIVE') ?? te.enrollments[0] }
  })
  const wanted = filter.trim().toLowerCase()
  const matching = rows.filter((r) => wanted === '' || r.cells.some((x) => x.toLowerCase().includes(wanted)))
  return (
    <>
      <div className="title">
        <Heading>{t.registered}</Heading>
        <a className="primary" href={address({ page: 'new', programId: program.id, orgUnitId: unit })}>
          {fill(t.newPerson, program.typeName || program.name)}
        </a>
      </div>
      <Trouble error={error} t={t} retry={again} />
      {!value && !error && <p>{t.loading}</p>}
      {value && (
        <>
          <p className="filter">
            <label htmlFor="filter">{t.filter}</label>
            <input id="filter" type="search" autoComplete="off" value={filter} onChange={(e) => setFilter(e.target.value)} />
          </p>
          <div className="wide" role="region" aria-label={t.registered} tabIndex={0}>
            <table>
              <thead>
                <tr>
                  {columns.map((f) => (
                    <th key={f.id} scope="col">
                      {f.name}
                    </th>
                  ))}
                  <th scope="col">{t.status}</th>
                  <th scope="col">{t.updated}</th>
                  <th scope="col">{t.open}</th>
                </tr>
              </thead>
              <tbody>
                {matching.map(({ te, cells, enrollment }, i) => (
                  <tr key={te.trackedEntity}>
                    {cells.map((text, n) => (
                      <td key={n}>{text}</td>
                    ))}
                    <td>{enrollment ? statusText(t, enrollment.status) : ''}</td>
                    <td>{te.updatedAt.slice(0, 16).replace('T', ' ')}</td>
                    <td>
                      {enrollment && (
                        <a
                          aria-label={`${t.open} ${i + 1}`}
                          href={address({ page: 'enrollment', programId: program.id, orgUnitId: unit, teiId: te.trackedEntity, enrollmentId: enrollment.enrollment })}
                        >
                          {t.open}
                        </a>
                      )}
                    </td>
                  </tr>
                ))}
                {matching.length === 0 && (
                  <tr>
                    <td colSpan={columns.length + 3}>{rows.length === 0 ? t.none : t.noneMatches}</td>
                  </tr>
                )}
              </tbody>
            </table>
          </div>
          {(page > 1 || value.more) && (
            <div className="actions">
              <button type="button" disabled={page === 1} onClick={() => setPage(page - 1)}>
                {t.previous}
              </button>
              <span>{fill(t.page, String(page))}</span>
              <button type="button" disabled={!value.more} onClick={() => setPage(page + 1)}>
                {t.next}
              </button>
            </div>
          )}
        </>
      )}
    </>
  )
}
