-- Health of every kind of telnyx-operator, from the conditions that it writes.
-- Argo CD: argocd-cm.yaml beside this file has it for each kind.

local status = obj.status or {}
if obj.metadata.deletionTimestamp ~= nil then
  return { status = "Progressing", message = "is being deleted" }
end
-- The API server writes 0 when the object is made; the operator has not seen it then.
if status.observedGeneration == nil or status.observedGeneration ~= obj.metadata.generation then
  return { status = "Progressing", message = "the operator has not seen this generation yet" }
end

local conditions = {}
for _, condition in ipairs(status.conditions or {}) do
  conditions[condition.type] = condition
end
local function holds(kind)
  return conditions[kind] ~= nil and conditions[kind].status == "True"
end
local function as(health, kind)
  return { status = health, message = conditions[kind].reason .. ": " .. conditions[kind].message }
end

-- A campaign that has failed is over, and nobody should be content.
if holds("Failed") then
  return as("Degraded", "Failed")
end
if holds("Stalled") then
  return as("Degraded", "Stalled")
end
if holds("Complete") then
  return as("Healthy", "Complete")
end
if obj.spec.suspend == true then
  return { status = "Suspended", message = "spec.suspend is set" }
end
if holds("Ready") then
  return as("Healthy", "Ready")
end
if conditions.Ready ~= nil then
  return as("Progressing", "Ready")
end
return { status = "Progressing", message = "the operator has not said anything yet" }
