// Moments of Adam and LAMB at the indices `at`, which are stored:
//   m = beta1 m + gain1 g,  v = beta2 v + gain2 g^2.
// Around this text, `m` and `v` are bound and `scalars` has the four numbers.
struct Moments { m: vec4<f32>, v: vec4<f32> }

fn moved_moments(at: vec4<u32>, g: vec4<f32>) -> Moments {
  let s = scalars;
  // Every load stands before the stores, which a compiler must not move them across.
  let m1 = s.beta1 * vec4(m[at.x], m[at.y], m[at.z], m[at.w]) + s.gain1 * g;
  let v1 = s.beta2 * vec4(v[at.x], v[at.y], v[at.z], v[at.w]) + s.gain2 * g * g;
  m[at.x] = m1.x;
  m[at.y] = m1.y;
  m[at.z] = m1.z;
  m[at.w] = m1.w;
  v[at.x] = v1.x;
  v[at.y] = v1.y;
  v[at.z] = v1.z;
  v[at.w] = v1.w;
  return Moments(m1, v1);
}

