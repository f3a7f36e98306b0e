// The cotangent of a score, by key alone.
@group(0) @binding(0) var<storage, read> p: array<Value>;
@group(0) @binding(1) var<storage, read> out: array<Value>;
@group(0) @binding(2) var<storage, read> d_out: array<Value>;
@group(0) @binding(3) var<storage, read_write> ds: array<Value>;
@group(0) @binding(4) var<uniform> scalars: Scalars;

fn store(key: u32, _position: u32, value: Value) {
  ds[key] = value;
}

fn clear_front(_x0: u32, _columns: u32, _lane: u32) {}

