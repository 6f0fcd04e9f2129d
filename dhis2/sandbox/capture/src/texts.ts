// The words of the forms, in the languages of the sign-in page.
import { si } from './texts.si'
import { ta } from './texts.ta'

const en = {
  capture: 'Capture',
  sandbox: 'This is not DHIS2. It is a sandbox: its people are invented, and nothing is kept when it stops.',
  signedInAs: 'Signed in as {0}',
  logOut: 'Log out',
  language: 'Language',
  unit: 'Organisation unit',
  program: 'Program',
  choose: 'Choose',
  chooseBoth: 'Choose an organisation unit and a program.',
  loading: 'Loading…',
  notReached: 'The server could not be reached. Nothing was saved; try again.',
  sessionEnded: 'Your session has ended. Nothing was saved, and what you typed is still here: log in again in a new tab, then save.',
  logIn: 'Log in',
  refused: 'The server did not save it.',
  failed: 'The server answered with an error ({0}).',
  tryAgain: 'Try again',
  newPerson: 'New: {0}',
  registered: 'Registered here',
  none: 'Nobody is registered here yet.',
  noneMatches: 'Nobody on this page matches.',
  filter: 'Filter this page',
  updated: 'Last change',
  status: 'Status',
  open: 'Open',
  previous: 'Previous page',
  next: 'Next page',
  page: 'Page {0}',
  back: 'Back to the list',
  enrollment: 'Enrollment',
  enrolledAt: 'Date of enrollment',
  occurredAt: 'Date of the event',
  profile: 'Profile',
  edit: 'Edit',
  save: 'Save',
  saveAndComplete: 'Save and complete',
  complete: 'Complete',
  reopen: 'Open again',
  cancelEnrollment: 'Cancel the enrollment',
  cancel: 'Cancel',
  delete: 'Delete',
  deletePerson: 'Delete the person',
  deleteEnrollment: 'Delete the enrollment',
  deleteEvent: 'Delete',
  sureDeletePerson: 'Delete this person with all enrollments and events?',
  sureDeleteEnrollment: 'Delete this enrollment with all its events?',
  sureDeleteEvent: 'Delete this event?',
  sureLeave: 'Leave the form? What you typed is lost.',
  leave: 'Leave',
  stay: 'Stay',
  newEvent: 'New event: {0}',
  noEvents: 'None yet.',
  gone: 'This record is not there any more, or you may not read it.',
  correct: 'The form is not saved yet. Correct:',
  requiredMark: 'Fields with * are required.',
  plugin: 'Plugin',
  pluginFailed: 'A plugin could not be shown. The form works without it.',
  yes: 'Yes',
  no: 'No',
  clear: 'Clear',
  birthDate: 'date of birth',
  date: 'date',
  time: 'time',
  latitude: 'latitude',
  longitude: 'longitude',
  noFiles: 'The sandbox keeps no files.',
  required: '{0}: a value is needed',
  badOption: '{0}: choose one of the list',
  badNumber: '{0}: a number is needed',
  badInteger: '{0}: a whole number is needed',
  badPositive: '{0}: a whole number above 0 is needed',
  badNegative: '{0}: a whole number below 0 is needed',
  badZeroOrPositive: '{0}: a whole number from 0 is needed',
  badPercentage: '{0}: a whole number from 0 to 100 is needed',
  badUnitInterval: '{0}: a number from 0 to 1 is needed',
  badDate: '{0}: a date is needed',
  badTime: '{0}: a time is needed',
  badEmail: '{0}: an e-mail address is needed',
  badPhone: '{0}: a phone number is needed',
  badBoolean: '{0}: yes or no is needed',
  badValue: 'This value is not valid.',
  badShape: 'The plugin gave a value that does not fit this field.',
  taken: '{0}: another person has this value already',
  ACTIVE: 'Active',
  COMPLETED: 'Completed',
  CANCELLED: 'Cancelled',
  SCHEDULE: 'Planned',
  OVERDUE: 'Overdue',
  SKIPPED: 'Skipped',
  VISITED: 'Visited',
}

export type Texts = typeof en

export const languages: { [locale: string]: { name: string; texts: Texts } } = {
  si: { name: 'සිංහල', texts: si },
  ta: { name: 'தமிழ்', texts: ta },
  en: { name: 'English', texts: en },
}

/** The language of DHIS2's setting (such as si or en_GB), else of the browser, else English. */
export function localeOf(setting: string): string {
  for (const wanted of [setting, ...navigator.languages]) {
    const short = wanted.split(/[-_]/)[0]!.toLowerCase()
    if (languages[short]) return short
  }
  return 'en'
}

export const fill = (text: string, ...parts: string[]) => text.replace(/\{(\d)\}/g, (_, n) => parts[Number(n)] ?? '')

/** The word for a status, which is the status itself where there is none. */
export const statusText = (t: Texts, status: string) => (t as Record<string, string>)[status] ?? status
