//! Safe calls of what `shim.cpp` offers.

#![expect(unsafe_code, reason = "calling C++, and being called by it")]

use std::ffi::{CStr, c_char, c_void};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Mutex;

use pool_kernels::Threads;
use tch::{TchError, Tensor};
use torch_sys::C_tensor;

use crate::ModelError;

type Work = extern "C" fn(*mut c_void, i64, i64);
type BackwardCall = extern "C" fn(
    operation: *mut c_void,
    output_gradient: *mut C_tensor,
    inputs: *const *mut C_tensor,
    needed: *const bool,
    count: usize,
    differentiable: bool,
    gradients: *mut *mut C_tensor,
) -> *mut c_char;
type Release = extern "C" fn(*mut c_void);

unsafe extern "C" {
    fn pool_free(text: *mut c_char);
    fn pool_message(text: *const c_char, length: usize) -> *mut c_char;
    fn pool_share(tasks: i64, least: i64, context: *mut c_void, work: Work) -> *mut c_char;
    fn pool_needs_graph(inputs: *const *const C_tensor, count: usize) -> bool;
    fn pool_is_tracing() -> bool;
    fn pool_changed(tensor: *mut C_tensor);
    fn pool_gradients(
        output: *const C_tensor,
        output_gradient: *const C_tensor,
        inputs: *const *const C_tensor,
        count: usize,
        gradients: *mut *mut C_tensor,
    ) -> *mut c_char;
    fn pool_attach(
        output: *mut C_tensor,
        inputs: *const *const C_tensor,
        count: usize,
        operation: *mut c_void,
        backward: BackwardCall,
        release: Release,
    ) -> *mut c_char;
}

/// The error that a function of the shim returned, if it did.
///
/// # Safety
/// `text` is null or what a function of the shim returned just now.
unsafe fn check(text: *mut c_char) -> Result<(), TchError> {
    if text.is_null() {
        return Ok(());
    }
    // SAFETY: a text that ends with a zero, which is ours until it is freed.
    let message = unsafe {
        let message = CStr::from_ptr(text).to_string_lossy().into_owned();
        pool_free(text);
        message
    };
    Err(TchError::Torch(message))
}

/// libtorch's own threads, as many as `tch::set_num_threads` says: no second set of threads that would fight them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TorchThreads;

struct SharedWork<'a> {
    work: &'a (dyn Fn(Range<usize>) + Sync),
    panic: Mutex<Option<Box<dyn std::any::Any + Send>>>,
}

// SAFETY: ranges that share no task, and threads that are waited for.
unsafe impl Threads for TorchThreads {
    fn parallel_for(&self, tasks: usize, grain: usize, work: &(dyn Fn(Range<usize>) + Sync)) {
        if tasks == 0 {
            return;
        }
        let shared = SharedWork { work, panic: Mutex::new(None) };
        // SAFETY: `shared` outlives the call, which returns when all threads are done with it.
        let done = unsafe {
            check(pool_share(
                tasks as i64,
                grain as i64,
                (&raw const shared).cast_mut().cast(),
                work_on_range,
            ))
        };
        if let Some(panic) = shared.panic.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
            resume_unwind(panic);
        }
        done.unwrap_or_else(|error| panic!("libtorch's threads: {error}"));
    }
}

extern "C" fn work_on_range(context: *mut c_void, first: i64, end: i64) {
    // SAFETY: the context of `parallel_for`, which nobody writes to but behind its lock.
    let shared = unsafe { &*context.cast::<SharedWork<'_>>() };
    let range = first as usize..end as usize;
    if let Err(panic) = catch_unwind(AssertUnwindSafe(|| (shared.work)(range))) {
        *shared.panic.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(panic);
    }
}

/// Whether what is computed from these tensors now belongs into libtorch's graph.
pub(crate) fn needs_graph(inputs: &[&Tensor]) -> bool {
    let pointers: Vec<*const C_tensor> = inputs.iter().map(|tensor| tensor.as_ptr()).collect();
    // SAFETY: as many pointers as are told, to tensors that live.
    unsafe { pool_needs_graph(pointers.as_ptr(), pointers.len()) }
}

/// Whether operators are being recorded for TorchScript, which sees libtorch's own alone.
pub(crate) fn is_tracing() -> bool {
    // SAFETY: takes nothing.
    unsafe { pool_is_tracing() }
}

/// Tells libtorch that a tensor was changed behind its back, so that it refuses gradients of what was computed from it
/// before.
pub(crate) fn was_changed(tensor: &mut Tensor) {
    // SAFETY: a tensor that lives.
    unsafe { pool_changed(tensor.as_mut_ptr()) }
}

/// An operator that was computed without libtorch, and can compute its gradient.
pub(crate) trait Operation: Send + 'static {
    /// The gradients of the needed inputs, from that of the output. Nothing is recorded meanwhile.
    fn gradients(
        &self,
        output_gradient: &Tensor,
        inputs: &[Tensor],
        needed: &[bool],
    ) -> Result<Vec<Option<Tensor>>, TchError>;

    /// The same output by libtorch's own operators, whose gradients have gradients.
    fn reference(&self, inputs: &[Tensor]) -> Result<Tensor, ModelError>;
}

/// Makes `output`, which was just computed from `inputs`, depend on them, if what is computed now belongs into a graph.
pub(crate) fn attach<O: Operation>(
    mut output: Tensor,
    inputs: &[&Tensor],
    operation: O,
) -> Result<Tensor, TchError> {
    if !needs_graph(inputs) {
        return Ok(output);
    }
    let pointers: Vec<*const C_tensor> = inputs.iter().map(|tensor| tensor.as_ptr()).collect();
    let operation = Box::into_raw(Box::new(operation)).cast();
    // SAFETY: the tensors live; the operation is given away, and comes back to `release` of its own type.
    unsafe {
        check(pool_attach(
            output.as_mut_ptr(),
            pointers.as_ptr(),
            pointers.len(),
            operation,
            backward::<O>,
            release::<O>,
        ))?;
    }
    Ok(output)
}

extern "C" fn release<O: Operation>(operation: *mut c_void) {
    // SAFETY: what `attach` made of a box, once.
    let operation = unsafe { Box::from_raw(operation.cast::<O>()) };
    // Nothing may unwind into C++.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(operation)));
}

extern "C" fn backward<O: Operation>(
    operation: *mut c_void,
    output_gradient: *mut C_tensor,
    inputs: *const *mut C_tensor,
    needed: *const bool,
    count: usize,
    differentiable: bool,
    gradients: *mut *mut C_tensor,
) -> *mut c_char {
    let computed = catch_unwind(AssertUnwindSafe(|| -> Result<Vec<Option<Tensor>>, ModelError> {
        // SAFETY: the node's operation; `count` pointers to tensors that live during the call, and as many booleans.
        let (operation, output_gradient, inputs, needed) = unsafe {
            let inputs = std::slice::from_raw_parts(inputs, count);
            (
                &*operation.cast::<O>(),
                Tensor::clone_from_ptr(output_gradient),
                inputs.iter().map(|&input| Tensor::clone_from_ptr(input)).collect::<Vec<Tensor>>(),
                std::slice::from_raw_parts(needed, count),
            )
        };
        if differentiable {
            return differentiable_gradients(operation, &output_gradient, &inputs, needed);
        }
        Ok(operation.gradients(&output_gradient, &inputs, needed)?)
    }));
    let message = match computed {
        Ok(Ok(computed)) => {
            for (index, gradient) in computed.into_iter().enumerate().take(count) {
                if let Some(mut gradient) = gradient {
                    // SAFETY: there are `count` places; the tensor is given away, and not dropped here.
                    unsafe { *gradients.add(index) = gradient.as_mut_ptr() }
                    std::mem::forget(gradient);
                }
            }
            return std::ptr::null_mut();
        }
        Ok(Err(error)) => error.to_string(),
        Err(_) => "a kernel panicked".to_owned(),
    };
    // SAFETY: so many bytes of text, which are copied.
    unsafe { pool_message(message.as_ptr().cast(), message.len()) }
}

/// Gradients that have gradients: those of the plain operators, whose graph is made now.
fn differentiable_gradients<O: Operation>(
    operation: &O,
    output_gradient: &Tensor,
    inputs: &[Tensor],
    needed: &[bool],
) -> Result<Vec<Option<Tensor>>, ModelError> {
    // A tensor that is read twice has a gradient for each time.
    let inputs = &inputs.iter().map(Tensor::f_alias).collect::<Result<Vec<_>, _>>()?;
    let output = operation.reference(inputs)?;
    let wanted: Vec<*const C_tensor> =
        inputs.iter().zip(needed).filter_map(|(input, needed)| needed.then_some(input.as_ptr())).collect();
    let mut found = vec![std::ptr::null_mut(); wanted.len()];
    // SAFETY: tensors that live, and as many places as inputs.
    unsafe {
        check(pool_gradients(
            output.as_ptr(),
            output_gradient.as_ptr(),
            wanted.as_ptr(),
            wanted.len(),
            found.as_mut_ptr(),
        ))?;
    }
    let mut found = found.into_iter();
    let gradient = |&needed: &bool| {
        let pointer = if needed { found.next() } else { None };
        let pointer = pointer.filter(|pointer| !pointer.is_null())?;
        // SAFETY: a tensor that the shim has given away.
        Some(unsafe { Tensor::from_ptr(pointer) })
    };
    Ok(needed.iter().map(gradient).collect())
}
