// A form-field plugin for the tests of the host: it keeps what it is told
// (props, updates) and does what a test calls. It speaks the wire format of
// post-robot 10.0.46 by itself, so that the host is not tested against its own
// library.
'use strict'
const key = '__post_robot_10_0_46__'
const waiting = new Map()
const instance = crypto.randomUUID()
let props = null
let updates = 0

const post = (message) =>
  parent.postMessage(JSON.stringify({ [key]: [{ id: crypto.randomUUID(), origin: location.origin, fireAndForget: false, ...message }] }), location.origin)

const request = (name, data) =>
  new Promise((resolve, reject) => {
    const hash = crypto.randomUUID()
    waiting.set(hash, { resolve, reject })
    post({ type: 'postrobot_message_request', hash, name, data })
  })

// Functions of the host become functions that ask it to call them.
const revive = (_, v) => {
  if (v?.__type__ === 'cross_domain_function') {
    return (...args) => request('postrobot_method', { id: v.__val__.id, name: v.__val__.name, args }).then((r) => r?.result)
  }
  return v?.__type__ === 'undefined' ? undefined : v
}

function take(now) {
  props = now
  document.getElementById('state').textContent = JSON.stringify(now.values)
  now.setPluginHeight?.(document.body.scrollHeight + 20)
}

function answer(m) {
  const { hash, name } = m
  if (name === 'updated') {
    updates++
    take(m.data)
  }
  post({ type: 'postrobot_message_ack', hash, name })
  post({ type: 'postrobot_message_response', hash, name, ack: 'success', data: name === 'postrobot_hello' ? { instanceID: instance } : undefined })
}

addEventListener('message', (e) => {
  if (e.source !== parent || e.origin !== location.origin || typeof e.data !== 'string' || !e.data.includes(key)) return
  for (const m of JSON.parse(e.data, revive)[key]) {
    if (m.type === 'postrobot_message_request') answer(m)
    if (m.type === 'postrobot_message_response') {
      const w = waiting.get(m.hash)
      waiting.delete(m.hash)
      if (m.ack === 'success') w?.resolve(m.data)
      else w?.reject(m.error)
    }
  }
})

request('postrobot_hello', { instanceID: instance })
  .then(() => request('getPropsFromParent', undefined))
  .then(take)
