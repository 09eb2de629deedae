--- The views of shark top: what each is made of, its columns, and in which order its rows are.
--
-- A column is { title, field, width, left = its text begins at the left, format = fun(value): string, or
-- of = fun(row): string, by = the field that has its order, goes = the higher, the earlier it goes where there is no
-- room }. A width of nil takes the room that is left.

local fmt = require "shark.fmt"
local model = require "shark.top.model"

local M = {}

local function percent(share)
  return ("%.1f"):format(share * 100)
end

-- The CPU that had most of it, and how many others had some.
local function cpus_text(row)
  return row.cpus > 1 and ("%d +%d"):format(row.cpu, row.cpus - 1) or tostring(row.cpu)
end

local CPU = { title = "CPU", field = "cpu", width = 6, of = cpus_text, goes = 5 }
local RATE = { title = "PER-S", field = "rate", width = 8, format = fmt.rate, goes = 0 }
local COUNT = { title = "COUNT", field = "count", width = 8, format = fmt.count, goes = 7 }
local SHARE = { title = "%CPU", field = "share", width = 6, format = percent, goes = 1 }
local AVERAGE = { title = "AVG-US", field = "avg_ns", width = 8, format = fmt.microseconds, goes = 3 }
local MAX = { title = "MAX-US", field = "max_ns", width = 9, format = fmt.microseconds, goes = 2 }

--- The CPUs, above the interrupts.
M.CPUS = {
  { title = "CPU", field = "cpu", width = 4, goes = 0 },
  { title = "%TIME", field = "share", width = 6, format = percent, goes = 0 },
  { title = "%IRQ", field = "irq_share", width = 6, format = percent, goes = 2 },
  { title = "%SYSTEM", field = "vector_share", width = 7, format = percent, goes = 3 },
  { title = "%SOFTIRQ", field = "softirq_share", width = 8, format = percent, goes = 4 },
  { title = "PER-S", field = "rate", width = 8, format = fmt.rate, goes = 1 },
}

local function left_of_all(reading)
  local left = reading.vectors
  return left and ("all CPUs: %d left, %d allocated, %d promised to interrupts that have none yet"):format(
    left.available, left.allocated, left.reserved)
end

--- In the order of their keys, 1 to 6: { name, title, sources, rows = fun(reading), sort = field of a column, rising? =
--- numbers from the lowest up, columns, note? = fun(reading): string? }.
M.list = {
  {
    name = "interrupts", title = "interrupts", sources = { "hardirq", "vector", "softirq" }, rows = model.interrupts,
    sort = "rate",
    columns = {
      { title = "IRQ", field = "irq", width = 5, goes = 0 },
      CPU,
      RATE, SHARE, AVERAGE, MAX, COUNT,
      { title = "NONE", field = "none", width = 6, format = fmt.count, goes = 8 },
      { title = "ACTION", field = "name", left = true },
    },
  },
  {
    name = "softirqs", title = "softirqs", sources = { "softirq" }, rows = model.softirqs, sort = "rate",
    columns = {
      { title = "SOFTIRQ", field = "name", width = 8, left = true, goes = 0 },
      CPU,
      RATE, SHARE, AVERAGE, MAX,
      { title = "WAIT-US", field = "wait_avg_ns", width = 8, format = fmt.microseconds, goes = 4 },
      { title = "KSOFTIRQD", field = "ksoftirqd", width = 9, format = fmt.count, goes = 6 },
      { title = "RAISED BY", field = "raised_by", left = true },
    },
  },
  {
    name = "ipis", title = "IPIs", sources = { "ipi" }, rows = model.ipis, sort = "rate",
    columns = {
      { title = "IPI", field = "name", width = 20, left = true, goes = 0 },
      { title = "FROM", field = "from", width = 4, goes = 1 },
      { title = "TO", field = "to", width = 4, goes = 1 },
      RATE,
      { title = "AVG-US", field = "avg_ns", width = 8, format = fmt.microseconds, goes = 3 },
      { title = "MAX-US", field = "max_ns", width = 9, format = fmt.microseconds, goes = 2 },
      { title = "SENT FROM", field = "callsite", left = true },
    },
  },
  {
    name = "vectors", title = "vectors", sources = { "vectors" }, rows = model.vectors, sort = "left", rising = true,
    note = left_of_all,
    columns = {
      { title = "CPU", field = "cpu", width = 4, goes = 0 },
      { title = "LEFT", field = "left", width = 6, goes = 0 },
      { title = "ALLOCATED", field = "allocated", width = 9, goes = 1 },
      { title = "MANAGED", field = "managed", width = 7, goes = 2 },
      { title = "MANAGED-LEFT", field = "managed_left", width = 12, goes = 3 },
    },
  },
  {
    name = "virtblk", title = "virtio-blk", sources = { "virtblk" }, rows = model.requests, sort = "stage",
    columns = {
      { title = "DISK", field = "device", width = 6, left = true, goes = 0 },
      { title = "OP", field = "op", width = 6, left = true, goes = 0 },
      { title = "STAGE", field = "stage", by = "order", width = 8, left = true, goes = 0 },
      RATE,
      { title = "SHARE", field = "share", width = 6, format = percent, goes = 1 },
      { title = "AVG-US", field = "avg_ns", width = 9, format = fmt.microseconds, goes = 2 },
      { title = "MAX-US", field = "max_ns", width = 10, format = fmt.microseconds, goes = 3 },
      { title = "FROM", field = "from", width = 9, left = true, goes = 5 },
      { title = "TO", field = "to", left = true },
    },
  },
  {
    name = "remapping", title = "remapping", sources = { "changes" }, rows = model.changes, sort = "count",
    columns = {
      { title = "IRQ", field = "irq", width = 5, goes = 0 },
      { title = "UNIT", field = "unit", width = 6, left = true, goes = 4 },
      { title = "IRTE", field = "index", width = 5, goes = 1 },
      { title = "CPU", field = "cpu", width = 4, goes = 5 },
      { title = "CHANGES", field = "count", width = 8, format = fmt.count, goes = 0 },
      { title = "TOTAL", field = "total", width = 8, format = fmt.count, goes = 2 },
      { title = "AVG-US", field = "avg_ns", width = 8, format = fmt.microseconds, goes = 3 },
      { title = "MAX-US", field = "max_ns", width = 9, format = fmt.microseconds, goes = 3 },
      { title = "REFUSED", field = "refused", width = 7, format = fmt.count, goes = 6 },
      { title = "WHY", field = "what", left = true },
    },
  },
}

--- The views by name.
M.by_name = {}
for _, view in ipairs(M.list) do
  M.by_name[view.name] = view
end

--- The columns of a view that its rows can be ordered by: with the field that has the order.
--- @param view table @return string[] fields
function M.sorts(view)
  local fields = {}
  for i, column in ipairs(view.columns) do
    fields[i] = column.field
  end
  return fields
end

--- The column of a field.
--- @param view table @param field string @return table column
function M.column_of(view, field)
  for _, column in ipairs(view.columns) do
    if column.field == field then
      return column
    end
  end
end

-- ---- order and filter ----

-- Numbers from the highest down, names from A on; what has none comes last.
local function before(a, b, field, falls)
  local left, right = a[field], b[field]
  if left == right or type(left) ~= type(right) then
    if left == right or left ~= nil and right ~= nil then
      return a.key < b.key
    end
    return right == nil
  elseif falls then
    return left > right
  end
  return left < right
end

local function is_number(rows, field)
  for _, row in ipairs(rows) do
    if row[field] ~= nil then
      return type(row[field]) == "number"
    end
  end
  return false
end

--- The order of rows.
--- @param view table @param rows table[] sorted in place @param sort string field of a column
--- @param turned? boolean the other way round than usual
function M.sort(view, rows, sort, turned)
  local field = M.column_of(view, sort).by or sort
  local falls = is_number(rows, field) and not view.rising
  falls = falls ~= (turned or false)
  table.sort(rows, function(a, b) return before(a, b, field, falls) end)
end

-- What is shown of a row, in one text.
local function text_of(columns, row)
  local parts = {}
  for _, column in ipairs(columns) do
    local value = row[column.field]
    parts[#parts + 1] = value ~= nil and (column.format and column.format(value) or tostring(value)) or nil
  end
  return table.concat(parts, " "):lower()
end

-- Figures change under the eyes: only names and numbers of things are looked through.
local function names_of(view)
  local columns = {}
  for _, column in ipairs(view.columns) do
    columns[#columns + 1] = not column.format and column or nil
  end
  return columns
end

--- The rows that have a text in them, letters small or large.
--- @param view table @param rows table[] @param filter string @return table[]
function M.filter(view, rows, filter)
  if filter == "" then
    return rows
  end
  local list, columns, wanted = {}, names_of(view), filter:lower()
  for _, row in ipairs(rows) do
    list[#list + 1] = text_of(columns, row):find(wanted, 1, true) and row or nil
  end
  return list
end

return M
