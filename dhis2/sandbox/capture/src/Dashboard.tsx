// One enrollment: the person's profile, the events by stage, and the forms of
// both.
import { useState } from 'react'
import { attributesOf, load, write, type Context } from './dhis2'
import { EventForm } from './EventForm'
import type { Enrollment, Program, TrackedEntity } from './model'
import { AskButton, Heading, Trouble, useLoaded } from './parts'
import { Registration } from './Registration'
import { address, go, type Route } from './route'
import { fill, statusText, type Texts } from './texts'
import { useSave } from './useSave'
import { shown } from './values'

interface Props {
  c: Context
  t: Texts
  program: Program
  route: Route
}

export function Dashboard({ c, t, program, route }: Props) {
  const { value: te, error, again } = useLoaded(`${route.teiId} ${program.id}`, () => load(route.teiId, program.id))
  const unit = route.orgUnitId
  const here = { programId: program.id, orgUnitId: unit, teiId: route.teiId, enrollmentId: route.enrollmentId }
  if (error) return <Trouble error={error} t={t} retry={again} />
  if (!te) return <p>{t.loading}</p>
  const enrollment = te.enrollments.find((en) => en.enrollment === route.enrollmentId)
  if (!enrollment) return <p className="error">{t.gone}</p>
  const back = () => {
    again()
    go({ ...here, page: 'enrollment' })
  }
  const leave = () => go({ ...here, page: 'enrollment' })
  const event = enrollment.events.find((ev) => ev.event === route.eventId)
  const stage = program.stages.find((s) => s.id === (event?.programStage ?? route.stageId))
  if (route.page === 'enrollmentEventNew' && stage) {
    return <EventForm key={stage.id} {...{ c, t, program, stage, unit, te, enrollment, leave }} done={back} />
  }
  if (route.page === 'enrollmentEventEdit') {
    if (!event || !stage) return <p className="error">{t.gone}</p>
    return <EventForm key={event.event} {...{ c, t, program, stage, unit, te, enrollment, event, leave }} done={back} />
  }
  return <Overview {...{ c, t, program, te, enrollment, unit, here, again }} />
}

interface OverviewProps {
  c: Context
  t: Texts
  program: Program
  te: TrackedEntity
  enrollment: Enrollment
  unit: string
  here: Partial<Route>
  again(): void
}

function Overview({ c, t, program, te, enrollment, unit, here, again }: OverviewProps) {
  const [editing, setEditing] = useState(false)
  const { busy, error, run } = useSave()
  const stored = new Map(attributesOf(te).map((a) => [a.attribute, a.value]))
  const unitName = (id: string) => c.units.find((u) => u.id === id)?.name ?? id
  const toList = () => go({ programId: program.id, orgUnitId: unit })
  if (editing) {
    return (
      <Registration
        {...{ c, t, program, unit }}
        person={{ te, enrollment: enrollment.enrollment }}
        leave={() => setEditing(false)}
        done={() => {
          setEditing(false)
          again()
        }}
      />
    )
  }
  const setStatus = (status: string) =>
    run(async () => {
      const { enrollment: uid, orgUnit, enrolledAt } = enrollment
      const same = { enrollment: uid, orgUnit, enrolledAt, program: program.id, trackedEntity: te.trackedEntity }
      await write({ enrollments: [{ ...same, status }] }, 'UPDATE')
      again()
    })
  const remove = (payload: object) =>
    run(async () => {
      await write(payload, 'DELETE')
      toList()
    })
  return (
    <>
      <p>
        <a href={address({ programId: program.id, orgUnitId: unit })}>{t.back}</a>
      </p>
      <Heading>{program.name}</Heading>
      <Trouble error={error} t={t} />
      <div className="columns">
        <div>
          {program.stages.map((s) => {
            const events = enrollment.events
              .filter((ev) => ev.programStage === s.id)
              .sort((a, b) => (b.occurredAt ?? '').localeCompare(a.occurredAt ?? ''))
            return (
              <section className="card" key={s.id}>
                <h2>{s.name}</h2>
                {events.length === 0 && <p className="hint">{t.noEvents}</p>}
                <ul className="events">
                  {events.map((ev) => (
                    <li key={ev.event}>
                      <a href={address({ ...here, page: 'enrollmentEventEdit', eventId: ev.event })}>
                        {s.name} {(ev.occurredAt ?? '').slice(0, 10)}
                      </a>{' '}
                      <span className="status">{statusText(t, ev.status)}</span> <span className="hint">{unitName(ev.orgUnit)}</span>
                    </li>
                  ))}
                </ul>
                {enrollment.status === 'ACTIVE' && (s.repeatable || events.length === 0) && (
                  <p>
                    <a className="button" href={address({ ...here, page: 'enrollmentEventNew', stageId: s.id })}>
                      {fill(t.newEvent, s.name)}
                    </a>
                  </p>
                )}
              </section>
            )
          })}
        </div>
        <div>
          <section className="card">
            <h2>{t.profile}</h2>
            <dl>
              {program.fields
                .filter((f) => stored.get(f.id))
                .map((f) => (
                  <div key={f.id}>
                    <dt>{f.name}</dt>
                    <dd>{shown(f, stored.get(f.id)!, t.yes, t.no, unitName)}</dd>
                  </div>
                ))}
            </dl>
            <div className="actions">
              <button type="button" id="edit-profile" onClick={() => setEditing(true)}>
                {t.edit}
              </button>
              <AskButton
                className="danger"
                label={t.deletePerson}
                question={t.sureDeletePerson}
                yes={t.delete}
                no={t.cancel}
                act={() => void remove({ trackedEntities: [{ trackedEntity: te.trackedEntity }] })}
              />
            </div>
          </section>
          <section className="card">
            <h2>{t.enrollment}</h2>
            <p>
              <span className="status">{statusText(t, enrollment.status)}</span> {enrollment.enrolledAt.slice(0, 10)}, {unitName(enrollment.orgUnit)}
            </p>
            <div className="actions">
              {enrollment.status === 'ACTIVE' ? (
                <>
                  <button type="button" disabled={busy} onClick={() => void setStatus('COMPLETED')}>
                    {t.complete}
                  </button>
                  <button type="button" disabled={busy} onClick={() => void setStatus('CANCELLED')}>
                    {t.cancelEnrollment}
                  </button>
                </>
              ) : (
                <button type="button" disabled={busy} onClick={() => void setStatus('ACTIVE')}>
                  {t.reopen}
                </button>
              )}
              <AskButton
                className="danger"
                label={t.deleteEnrollment}
                question={t.sureDeleteEnrollment}
                yes={t.delete}
                no={t.cancel}
                act={() => void remove({ enrollments: [{ enrollment: enrollment.enrollment }] })}
              />
            </div>
          </section>
        </div>
      </div>
    </>
  )
}
