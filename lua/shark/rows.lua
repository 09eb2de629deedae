--- What tells decoded rows apart, their order, and how two of them become one.

local M = {}

--- What the rows that agree in these fields have in common.
--- @param fields string[] @return fun(row): string
function M.key_by(fields)
  return function(row)
    local parts = {}
    for i, field in ipairs(fields) do
      parts[i] = tostring(row[field])
    end
    return table.concat(parts, "\0")
  end
end

--- Order by these fields, the first before the second.
--- @param fields string[] @param nil_last? boolean a row without one is last instead of first
--- @return fun(a, b): boolean
function M.order_by(fields, nil_last)
  return function(a, b)
    for _, field in ipairs(fields) do
      local left, right = a[field], b[field]
      if left ~= right then
        if left == nil or right == nil then
          return (left == nil) ~= (nil_last or false)
        end
        return left < right
      end
    end
    return false
  end
end

local NONE, MAX_NS, HIST = {}, { "max_ns" }, { "hist" }

local function add_counts(into, counts)
  for name, count in pairs(counts) do
    into[name] = (into[name] or 0) + count
  end
end

-- Of what both have the sum, or else what one of them has.
local function joined(a, b, join)
  if a == nil or b == nil then
    return a == nil and b or a
  end
  return join(a, b)
end

local function add(a, b) return a + b end

--- Adds a row to another that means the same. A field that only one of them has is what that one says.
--- @param spec table { sums = {...}, maxima = { "max_ns" }, hists = { "hist" }, counts = {...} }: names of fields;
---   counts are tables of counts by name
--- @return fun(into, row)
function M.merger(spec)
  local sums, maxima, hists = spec.sums or NONE, spec.maxima or MAX_NS, spec.hists or HIST
  local counts = spec.counts or NONE
  return function(into, row)
    for _, field in ipairs(sums) do
      into[field] = joined(rawget(into, field), rawget(row, field), add)
    end
    for _, field in ipairs(maxima) do
      into[field] = joined(rawget(into, field), rawget(row, field), math.max)
    end
    for _, field in ipairs(hists) do
      local had, more = rawget(into, field), rawget(row, field)
      if had and more then
        had:merge(more)
      else
        into[field] = had or more and more:copy()
      end
    end
    for _, field in ipairs(counts) do
      add_counts(into[field], row[field])
    end
  end
end

local function counts_since(counts, before)
  local more = {}
  for name, count in pairs(counts) do
    local difference = count - (before[name] or 0)
    more[name] = difference > 0 and difference or nil
  end
  return more
end

--- What a row has more than it had before. Of maxima the kernel keeps one, since the start.
--- @param row table @param before? table the same row then; nil: it was not there, or a copy is wanted
--- @param spec? table { sums = {...}, hists = {...}, counts = {...} }: names of fields
--- @return table
function M.since(row, before, spec)
  local delta = {}
  for field, value in pairs(row) do
    delta[field] = value
  end
  for _, field in ipairs(before and spec.sums or NONE) do
    local value = rawget(row, field)
    delta[field] = value and value - (rawget(before, field) or 0)
  end
  for _, field in ipairs(before and spec.hists or NONE) do
    local now, earlier = rawget(row, field), rawget(before, field)
    delta[field] = now and earlier and now:since(earlier) or now
  end
  for _, field in ipairs(before and spec.counts or NONE) do
    local now, earlier = rawget(row, field), rawget(before, field)
    delta[field] = now and earlier and counts_since(now, earlier) or now
  end
  return delta
end

--- A metatable for rows: reading a field that there is not raises and lists those there are, so that one that is
--- mistyped is not taken for one that is nil; shark.json writes them in this order.
--- @param what string what is traced @param fields string[] @param inner? string[] further ones, not to be listed
--- @return table
function M.type(what, fields, inner)
  local known = {}
  for _, list in ipairs { fields, inner or NONE } do
    for _, field in ipairs(list) do
      known[field] = true
    end
  end
  return { __order = fields, __index = function(_, name)
    if not known[name] then
      error(("a row of %s has no field '%s'; there are: %s"):format(what, tostring(name),
        table.concat(fields, ", ")), 2)
    end
  end }
end

--- Rows by their key.
--- @param rows table[] @param key fun(row): string|number @return table rows by their key
function M.by_key(rows, key)
  local map = {}
  for _, row in ipairs(rows) do
    map[key(row)] = row
  end
  return map
end

return M
