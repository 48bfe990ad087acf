// What tch does not offer: libtorch's own threads, and a place in its graph for what was computed without it.
//
// Every function returns null, or the text of an error that `pool_free` takes back. No exception leaves this file, and
// none may come from Rust: the callbacks return errors, too.

// Not all of torch/torch.h: these take a third of its time to compile.
#include <ATen/Parallel.h>
#include <ATen/core/Tensor.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/jit/frontend/tracer.h>

#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

extern "C" {
// Works on the tasks from `first` until before `end`.
using Work = void (*)(void *context, int64_t first, int64_t end);
// Writes the gradient of each needed input into `gradients`, as tensors that the callee gives away; where `differentiable`
// is set, with a graph of their own. Returns null or the text of an error, which is released with `pool_free`.
using Backward = char *(*)(void *operation, const at::Tensor *output_gradient, at::Tensor *const *inputs,
                           const bool *needed, size_t count, bool differentiable, at::Tensor **gradients);
using Release = void (*)(void *operation);
}

namespace {

template <typename Function> char *protect(Function &&function) {
  try {
    function();
    return nullptr;
  } catch (const std::exception &error) {
    return strdup(error.what());
  } catch (...) {
    return strdup("an exception that says nothing");
  }
}

// An operator whose gradient is computed in Rust.
struct RustNode final : torch::autograd::Node {
  RustNode(void *operation, Backward backward, Release release)
      : operation(operation), backward(backward), release(release) {}
  RustNode(const RustNode &) = delete;
  RustNode &operator=(const RustNode &) = delete;
  ~RustNode() override { release(operation); }

  std::string name() const override { return "PoolBackward"; }

  void release_variables() override {
    std::lock_guard<std::mutex> lock(mutex_);
    saved.clear();
  }

  torch::autograd::variable_list apply(torch::autograd::variable_list &&gradients) override {
    std::lock_guard<std::mutex> lock(mutex_);
    const size_t count = num_outputs();
    TORCH_CHECK(saved.size() == count, torch::autograd::ERR_BACKWARD_TWICE);
    torch::autograd::variable_list results(count);
    if (!gradients[0].defined()) {
      return results;
    }
    std::vector<at::Tensor> inputs;
    std::vector<at::Tensor *> pointers;
    // Not a vector of booleans, which has no addresses.
    std::unique_ptr<bool[]> needed(new bool[count]);
    inputs.reserve(count);
    for (size_t index = 0; index < count; ++index) {
      inputs.push_back(saved[index].unpack());
      pointers.push_back(&inputs.back());
      needed[index] = task_should_compute_output(index);
    }
    std::vector<at::Tensor *> computed(count, nullptr);
    char *error = backward(operation, &gradients[0], pointers.data(), needed.get(), count,
                           at::GradMode::is_enabled(), computed.data());
    for (size_t index = 0; index < count; ++index) {
      if (computed[index] != nullptr) {
        results[index] = std::move(*computed[index]);
        delete computed[index];
      }
    }
    if (error != nullptr) {
      std::string text(error);
      free(error);
      throw std::runtime_error(text);
    }
    return results;
  }

  std::vector<torch::autograd::SavedVariable> saved;

private:
  void *operation;
  Backward backward;
  Release release;
};

} // namespace

extern "C" {

void pool_free(char *text) { free(text); }

char *pool_message(const char *text, size_t length) { return strndup(text, length); }

// Shares tasks among libtorch's threads; fewer than `least` are not worth a thread. `work` must not throw.
char *pool_share(int64_t tasks, int64_t least, void *context, Work work) {
  return protect([&] {
    at::parallel_for(0, tasks, least, [&](int64_t first, int64_t end) { work(context, first, end); });
  });
}

// Whether what is computed from these tensors now belongs into a graph.
bool pool_needs_graph(at::Tensor *const *inputs, size_t count) {
  if (!at::GradMode::is_enabled()) {
    return false;
  }
  for (size_t index = 0; index < count; ++index) {
    if (inputs[index]->requires_grad()) {
      return true;
    }
  }
  return false;
}

// Tells libtorch that a tensor was changed behind its back, so that it refuses gradients of what was computed before.
void pool_changed(at::Tensor *tensor) { tensor->unsafeGetTensorImpl()->bump_version(); }

// Whether operators are being recorded for TorchScript, which sees libtorch's own alone.
bool pool_is_tracing() { return torch::jit::tracer::isTracing(); }

// The gradients of the inputs from that of `output`, with a graph of their own. What `output_gradient` was computed from is
// none of `output`'s graph, although it may have been computed from the same inputs.
char *pool_gradients(const at::Tensor *output, const at::Tensor *output_gradient, at::Tensor *const *inputs,
                     size_t count, at::Tensor **gradients) {
  return protect([&] {
    torch::autograd::variable_list wanted;
    for (size_t index = 0; index < count; ++index) {
      wanted.push_back(*inputs[index]);
    }
    const bool keep_graph = true, create_graph = true, allow_unused = true;
    auto computed = torch::autograd::grad({*output}, wanted, {*output_gradient}, keep_graph, create_graph, allow_unused);
    for (size_t index = 0; index < count; ++index) {
      if (computed[index].defined()) {
        gradients[index] = new at::Tensor(std::move(computed[index]));
      }
    }
  });
}

// Makes `output` depend on `inputs`. Takes `operation` in any case, and gives it to `release` in the end.
char *pool_attach(at::Tensor *output, at::Tensor *const *inputs, size_t count, void *operation, Backward backward,
                  Release release) {
  return protect([&] {
    std::shared_ptr<RustNode> node(new RustNode(operation, backward, release), torch::autograd::deleteNode);
    torch::autograd::edge_list edges;
    for (size_t index = 0; index < count; ++index) {
      edges.push_back(torch::autograd::impl::gradient_edge(*inputs[index]));
      node->saved.emplace_back(*inputs[index], false);
    }
    node->set_next_edges(std::move(edges));
    torch::autograd::set_history(*output, node);
  });
}
}
