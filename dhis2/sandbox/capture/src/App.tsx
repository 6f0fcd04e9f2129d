import { useEffect, useState } from 'react'
import { Provider } from '@dhis2/app-runtime'
import { base, loadContext, loadProgram, saveLocale, type Context } from './dhis2'
import { Dashboard } from './Dashboard'
import { Heading, Trouble, useLoaded } from './parts'
import { People } from './People'
import { Registration } from './Registration'
import { go, useRoute, type Route } from './route'
import { fill, languages, localeOf, type Texts } from './texts'

export function App() {
  const [locale, setLocale] = useState(() => localeOf(''))
  const { value: c, error, again } = useLoaded('context', loadContext)
  useEffect(() => {
    if (c?.user.locale) setLocale(localeOf(c.user.locale))
  }, [c])
  const t = languages[locale]!.texts
  useEffect(() => {
    document.documentElement.lang = locale
    document.title = `${t.capture} - DHIS2 sandbox`
  }, [locale, t])
  return (
    <>
      <header>
        <p className="banner">
          <strong>{t.sandbox}</strong>
        </p>
        <div className="bar">
          <strong>{t.capture}</strong>
          <span className="grow" />
          <label htmlFor="language">{t.language}</label>
          <select
            id="language"
            value={locale}
            onChange={(e) => {
              setLocale(e.target.value)
              saveLocale(e.target.value).catch(() => undefined) // the choice holds for this page in any case
            }}
          >
            {Object.entries(languages).map(([code, l]) => (
              <option key={code} value={code} lang={code}>
                {l.name}
              </option>
            ))}
          </select>
          {c && <span id="signed-in">{fill(t.signedInAs, c.user.username)}</span>}
          <form method="post" action={base + '/dhis-web-commons-security/logout.action'}>
            <button>{t.logOut}</button>
          </form>
        </div>
      </header>
      {c ? (
        <Provider
          userInfo={undefined}
          plugin={false}
          parentAlertsAdd={undefined}
          showAlertsInPlugin={false}
          config={{
            baseUrl: base,
            apiVersion: c.minor,
            serverVersion: { full: c.version, major: 2, minor: c.minor },
            systemInfo: { version: c.version, contextPath: base, serverTimeZoneId: c.zone },
          }}
        >
          <Chosen c={c} t={t} />
        </Provider>
      ) : (
        <main>
          <Trouble error={error} t={t} retry={again} />
          {!error && <p>{t.loading}</p>}
        </main>
      )}
    </>
  )
}

function Chosen({ c, t }: { c: Context; t: Texts }) {
  const route = useRoute()
  const only = <T extends { id: string }>(list: T[]) => (list.length === 1 ? list[0]!.id : '')
  const programId = route.programId || only(c.programs)
  const unit = route.orgUnitId || only(c.units)
  const choose = (chosen: Partial<Route>) => go({ programId, orgUnitId: unit, ...chosen })
  return (
    <>
      <nav className="selector" aria-label={`${t.unit}, ${t.program}`}>
        <label htmlFor="unit">{t.unit}</label>
        <select id="unit" value={unit} onChange={(e) => choose({ orgUnitId: e.target.value })}>
          <option value="">{t.choose}</option>
          {c.units.map((u) => (
            <option key={u.id} value={u.id}>
              {'\u2003'.repeat(u.path.split('/').length - 2) + u.name}
            </option>
          ))}
        </select>
        <label htmlFor="program">{t.program}</label>
        <select id="program" value={programId} onChange={(e) => choose({ programId: e.target.value })}>
          <option value="">{t.choose}</option>
          {c.programs.map((p) => (
            <option key={p.id} value={p.id}>
              {p.name}
            </option>
          ))}
        </select>
      </nav>
      <main>
        {programId && unit ? (
          <InProgram key={programId + unit} {...{ c, t, programId, unit }} route={{ ...route, orgUnitId: unit }} />
        ) : (
          <>
            <Heading>{t.capture}</Heading>
            <p>{t.chooseBoth}</p>
          </>
        )}
      </main>
    </>
  )
}

function InProgram({ c, t, programId, unit, route }: { c: Context; t: Texts; programId: string; unit: string; route: Route }) {
  const { value: program, error, again } = useLoaded(programId, () => loadProgram(programId))
  if (error) return <Trouble error={error} t={t} retry={again} />
  if (!program) return <p>{t.loading}</p>
  if (route.page === 'new') {
    return (
      <Registration
        {...{ c, t, program, unit }}
        leave={() => go({ programId, orgUnitId: unit })}
        done={(teiId, enrollmentId) => go({ page: 'enrollment', programId, orgUnitId: unit, teiId, enrollmentId })}
      />
    )
  }
  if (route.teiId) return <Dashboard {...{ c, t, program, route }} />
  return <People {...{ c, t, program, unit }} />
}
