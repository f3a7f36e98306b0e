// target_values[index] (+)= factor * value[0]: one number into a row of numbers. One lane; an index
// past the end writes nothing.
alias Value = f32;
alias Target = f32;
struct Scalars { index: u32, capacity: u32, factor: f32, accumulate: u32 }
@group(0) @binding(0) var<storage, read> value: array<Value>;
@group(0) @binding(1) var<storage, read_write> target_values: array<Target>;
@group(0) @binding(2) var<uniform> scalars: Scalars;

@compute @workgroup_size(1)
fn main() {
  let at = scalars.index;
  if (at >= scalars.capacity) {
    return;
  }
  var sum = scalars.factor * f32(value[0]);
  if (scalars.accumulate == 1u) {
    sum += f32(target_values[at]);
  }
  target_values[at] = Target(sum);
}
