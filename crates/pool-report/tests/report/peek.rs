use crate::synthetic::Synthetic;
#[test]
fn peek() {
    let s = Synthetic::measured(5);
    let a = s.analysis();
    for w in [60, 80, 110, 160] {
        println!("=====T {w}\n{}", pool_report::terminal_report(&a, w));
    }
    println!("=====M\n{}", pool_report::markdown_report(&a, &[]));
    println!("=====L\n{}\n=====LT\n{}", pool_report::latex_document(&a), pool_report::latex_tables(&a));
}
