// A form that hosts the plugin: post-robot's wire format as Capture's host
// component was seen to speak it, and nothing more. After the first "updated"
// it answers no getPropsFromParent any more; functions change with each one.
"use strict";
const key = "__post_robot_10_0_46__";
const functions = new Map();
let next = 0;

const host = (window.host = {
  props: { values: {}, fieldsMetadata: {}, orgUnitId: undefined, viewMode: false, formSubmitted: false, errors: {}, warnings: {} },
  frame: null,
  log: [], // calls of the plugin: [function, argument]
  deaf: false, // takes setFieldValue and does nothing
  updated: false,
  keep: (name) => (argument) => {
    host.log.push([name, argument]);
    if (name === "setPluginHeight") host.frame.height = argument;
    if (name !== "setFieldValue" || host.deaf) return;
    const { fieldId, value } = argument;
    if (!(fieldId in host.props.fieldsMetadata)) return;
    const values = { ...host.props.values };
    if (value) values[fieldId] = value;
    else delete values[fieldId];
    host.update({ values });
  },
  start(src, props) {
    Object.assign(host.props, props);
    host.frame = document.createElement("iframe");
    host.frame.title = "plugin";
    host.frame.width = "100%";
    host.frame.src = src;
    document.getElementById("place").append(host.frame);
  },
  update(props) {
    Object.assign(host.props, props);
    host.updated = true;
    document.body.dataset.values = JSON.stringify(host.props.values ?? {});
    post([{ ...message("request", "updated", fresh()), data: encode(all()) }]);
  },
});

function fresh() {
  return "id" + ++next;
}

function message(type, name, hash) {
  return { id: fresh(), origin: location.origin, type: "postrobot_message_" + type, hash, name, fireAndForget: false };
}

function all() {
  const props = { ...host.props };
  for (const name of ["setFieldValue", "setContextFieldValue", "setPluginHeight", "alertsAdd", "setInErrorState"]) props[name] = host.keep(name);
  return { ...props, setPluginWidth: null, clientWidth: null };
}

function encode(value) {
  if (value === undefined) return { __type__: "undefined" };
  if (typeof value === "function") {
    const id = fresh();
    functions.set(id, value);
    return { __type__: "cross_domain_function", __val__: { id, name: "anonymous" } };
  }
  if (Array.isArray(value)) return value.map(encode);
  if (value !== null && typeof value === "object") return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, encode(v)]));
  return value;
}

function decode(value) {
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== "object") return value;
  if (value.__type__ === "undefined") return undefined;
  return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, decode(v)]));
}

function post(messages) {
  host.frame.contentWindow.postMessage(JSON.stringify({ [key]: messages }), location.origin);
}

addEventListener("message", (event) => {
  if (event.source !== host.frame?.contentWindow || typeof event.data !== "string") return;
  for (const request of JSON.parse(event.data)[key] ?? []) {
    if (request.type !== "postrobot_message_request") continue;
    const answer = (data) => post([message("ack", request.name, request.hash), { ...message("response", request.name, request.hash), ack: "success", data: encode(data) }]);
    const refuse = (text) => post([message("ack", request.name, request.hash), { ...message("response", request.name, request.hash), ack: "error", error: { __type__: "error", __val__: { message: text } } }]);
    if (request.name === "postrobot_hello") answer({ instanceID: "host" });
    else if (request.name === "getPropsFromParent") host.updated ? refuse("No handler found") : answer(all());
    else if (request.name === "postrobot_method") {
      const { id, args } = decode(request.data);
      answer({ result: functions.get(id)(...args) });
    }
  }
});
